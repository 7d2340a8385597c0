-- name: insert_plans
-- Keep dry runs until their channels have answered. Returns those that were not there before.
INSERT INTO router.plans (id, due_at, plan)
SELECT id, clock_timestamp() + $3::interval, plan
FROM unnest($1::uuid[], $2::json[]) AS t (id, plan)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: add_answers
-- Add channels' answers to dry runs that are not over, in one order in every router. Returns them as
-- they are now.
WITH held AS (
    SELECT id FROM router.plans WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
)
UPDATE router.plans AS p
SET answers = p.answers || a.answers
FROM unnest($1::uuid[], $2::jsonb[]) AS a (id, answers)
WHERE p.id = a.id AND p.id IN (SELECT id FROM held)
RETURNING p.plan, p.answers

-- name: delete_plans
-- Forget dry runs that are over.
DELETE FROM router.plans WHERE id = ANY($1::uuid[])

-- name: some_plan_is_due
-- Say whether the time of some dry run is over.
SELECT EXISTS (SELECT FROM router.plans WHERE due_at <= clock_timestamp())

-- name: take_due_plans
-- Take dry runs whose time is over.
DELETE FROM router.plans
WHERE id IN (
    SELECT id FROM router.plans WHERE due_at <= clock_timestamp()
    ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
)
RETURNING plan, answers
