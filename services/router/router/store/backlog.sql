-- name: read_windows
-- Read the windows of queues, whether something waits for room in them, and how many routers share
-- them.
SELECT w.queue, w.size, w.depth, w.released, w.drained, w.has_backlog, w.last_tenant, w.looks,
    EXISTS (
        SELECT FROM router.messages
        WHERE waits_in = replace(w.queue, 'outbound.', 'backlog.') AND waits_in LIKE 'backlog.%'
            AND outcome IS NULL AND waits_since <= clock_timestamp()
    ) AS is_waited_for,
    (
        SELECT count(DISTINCT router) FROM router.listeners
        WHERE seen_at > clock_timestamp() - interval '10 seconds'
    ) AS routers
FROM router.windows AS w
WHERE w.queue = ANY ($1::text[])

-- name: claim_windows
-- Look after those of some queues' windows that no other router looks after, for $3.
INSERT INTO router.windows AS w (queue, size, claim, claimed_until)
SELECT queue, $4, $2::uuid, clock_timestamp() + $3::interval
FROM unnest($1::text[]) AS t (queue)
ORDER BY queue
ON CONFLICT (queue) DO UPDATE SET claim = excluded.claim, claimed_until = excluded.claimed_until
WHERE w.claimed_until <= clock_timestamp() OR w.claim = excluded.claim
RETURNING queue, size, depth, released, drained, has_backlog, last_tenant, looks,
    extract(epoch FROM clock_timestamp() - looked_at)::float AS elapsed

-- name: keep_looks
-- Keep what looks at queues came to, of the windows that are this router's ($1) still.
UPDATE router.windows AS w
SET size = t.size, depth = t.depth, released = t.released, drained = t.drained, has_backlog = t.has_backlog,
    looks = w.looks + 1, looked_at = clock_timestamp(), claimed_until = clock_timestamp() + t.lasting
FROM unnest(
    $2::text[], $3::int[], $4::int[], $5::int[], $6::float[], $7::boolean[], $8::interval[]
) AS t (queue, size, depth, released, drained, has_backlog, lasting)
WHERE w.queue = t.queue AND w.claim = $1::uuid

-- name: let_in
-- Note whose turn was the last of those let into a queue, if its window is this router's ($2) still.
UPDATE router.windows SET last_tenant = $3, claimed_until = clock_timestamp() + $4::interval
WHERE queue = $1 AND claim = $2::uuid
RETURNING queue

-- name: let_go
-- Let any router look after windows that were this one's.
UPDATE router.windows SET claimed_until = clock_timestamp()
WHERE queue = ANY ($2::text[]) AND claim = $1::uuid

-- name: count_waiting
-- Count the messages that wait in backlogs, of each as many at most as are given, but for those that
-- are put off beyond $3.
SELECT t.backlog, (
    SELECT count(*) FROM (
        SELECT FROM router.messages
        WHERE waits_in = t.backlog AND waits_in LIKE 'backlog.%' AND outcome IS NULL
            AND waits_since <= $3::timestamptz
        LIMIT t.most
    ) AS waiting
) AS number
FROM unnest($1::text[], $2::int[]) AS t (backlog, most)

-- name: find_tenants
-- Find the tenants that a backlog holds messages of: one index probe each.
WITH RECURSIVE tenants (name) AS (
    (
        SELECT tenant FROM router.messages
        WHERE waits_in = $1 AND waits_in LIKE 'backlog.%' AND outcome IS NULL
        ORDER BY tenant LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT tenant FROM router.messages
        WHERE waits_in = $1 AND waits_in LIKE 'backlog.%' AND outcome IS NULL
            AND tenant > tenants.name
        ORDER BY tenant LIMIT 1
    )
    FROM tenants WHERE tenants.name IS NOT NULL
)
SELECT name FROM tenants WHERE name IS NOT NULL

-- name: find_waiting
-- Find the messages of each tenant that wait longest in a backlog, as many as its share.
SELECT waiting.id
FROM unnest($2::text[], $3::int[]) AS t (tenant, share)
CROSS JOIN LATERAL (
    SELECT m.id FROM router.messages AS m
    WHERE m.waits_in = $1 AND m.waits_in LIKE 'backlog.%' AND m.outcome IS NULL
        AND m.tenant = t.tenant AND m.waits_since <= $4::timestamptz
    ORDER BY m.waits_since, m.id LIMIT t.share
) AS waiting

-- name: lock_waiting
-- Lock those of some messages that wait in a backlog still; another router's are skipped.
SELECT id, tenant, idempotency_key, status, outcome, created_at, plan, state,
    erased_at IS NOT NULL AS is_erased
FROM router.messages
WHERE id = ANY ($2::uuid[]) AND waits_in = $1 AND outcome IS NULL
ORDER BY id
FOR NO KEY UPDATE SKIP LOCKED

-- name: put_off
-- Leave a message in its backlog until $2.
UPDATE router.messages SET waits_since = $2 WHERE id = $1 AND waits_in LIKE 'backlog.%'

-- name: forget_waiting
-- Note that messages wait for nothing.
UPDATE router.messages SET waits_in = NULL, waits_since = NULL WHERE id = ANY ($1::uuid[])
