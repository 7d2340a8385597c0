-- name: claim_lapsed_outbox
-- Take over outbox rows whose publisher let its claim lapse.
UPDATE router.outbox SET claimed_until = $1::timestamptz + $2::interval
WHERE id IN (
    SELECT id FROM router.outbox WHERE claimed_until < $1::timestamptz
    ORDER BY claimed_until LIMIT $3 FOR UPDATE SKIP LOCKED
)
RETURNING id, frames, created_at

-- name: keep_events
-- Leave in an outbox row the messages that were not taken; the rest of it is confirmed.
UPDATE router.outbox SET frames = $2, claimed_until = $3 WHERE id = $1

-- name: forget_outbox
-- Drop outbox rows whose messages are all confirmed.
DELETE FROM router.outbox WHERE id = ANY ($1::uuid[])

-- name: outbox_backlog
-- Count the rows that wait, and how long the oldest has.
SELECT count(*) AS rows, extract(epoch FROM now() - min(created_at))::float AS age_seconds
FROM router.outbox
