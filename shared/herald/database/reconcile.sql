-- name: read_listeners
-- Read when each router last wrote how far it is: one that runs does so twice a second.
SELECT router, lane, seen_at FROM router.listeners

-- name: count_sessions
-- Count sessions of services, as far as the role may see them.
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'herald-%'

-- name: drop_listeners
-- Forget the routers that ran when the backup was made: their receipts are in the broker's queues.
DELETE FROM router.listeners

-- name: next_open
-- Read the messages under way next after an id.
SELECT id, plan ->> 'lane' AS lane, plan -> 'steps' AS steps, state
FROM router.messages
WHERE outcome IS NULL AND id > $1::uuid
ORDER BY id LIMIT $2

-- name: keep_from_calling
-- Give attempts a row with the report that nobody knows whether they were made, so that no worker
-- makes them; those that have a row keep it. What was handed out is reported by a sweeper at once.
-- Returns how many were handed out, and how many were not.
WITH kept AS (
    INSERT INTO channel.sends (
        attempt_id, state, channel, provider, account, report, published, updated_at
    )
    SELECT attempt_id, 'recorded', channel, '', '', report, NOT handed_out, now() - interval '1 minute'
    FROM unnest($1::text[], $2::text[], $3::json[], $4::boolean[])
        AS t (attempt_id, channel, report, handed_out)
    ORDER BY attempt_id
    ON CONFLICT DO NOTHING
    RETURNING published
)
SELECT count(*) FILTER (WHERE NOT published) AS handed_out, count(*) FILTER (WHERE published) AS possible
FROM kept
