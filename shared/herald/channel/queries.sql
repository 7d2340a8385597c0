-- name: claim
-- Claim attempts before their calls, sorted so that workers and routers never deadlock. Returns
-- those that are ours; the others have a row already.
INSERT INTO channel.sends (attempt_id, state, channel, provider, account, lease_until, claimant)
SELECT attempt_id, 'started', $1, provider, account, clock_timestamp() + lease, claimant
FROM unnest($2::text[], $3::text[], $4::text[], $5::interval[], $6::uuid[])
    AS t (attempt_id, provider, account, lease, claimant)
ORDER BY attempt_id
ON CONFLICT DO NOTHING
RETURNING attempt_id

-- name: claim_again
-- Find claims of ours whose response was lost, and let their leases begin anew: nobody called.
UPDATE channel.sends AS s
SET lease_until = clock_timestamp() + t.lease, updated_at = clock_timestamp()
FROM unnest($1::text[], $2::interval[], $3::uuid[]) AS t (attempt_id, lease, claimant)
WHERE s.attempt_id = t.attempt_id AND s.state = 'started' AND s.claimant = t.claimant
RETURNING s.attempt_id

-- name: release
-- Remove claims of ours under which nothing was sent. Returns the attempts that have no row any
-- more, also when an earlier try removed it and its response was lost.
WITH released AS (
    DELETE FROM channel.sends AS s
    USING unnest($1::text[], $2::uuid[]) AS t (attempt_id, claimant)
    WHERE s.attempt_id = t.attempt_id AND s.state = 'started' AND s.claimant = t.claimant
    RETURNING s.attempt_id
)
SELECT attempt_id FROM released
UNION
SELECT wanted FROM unnest($1::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM channel.sends WHERE attempt_id = wanted)

-- name: mark_redelivered
-- Note that the work of claims came a second time, and goes: of it comes nothing more. A statement of
-- its own, so that the next one sees a report that it waited for.
UPDATE channel.sends SET redelivered = true
WHERE attempt_id IN (
    SELECT attempt_id FROM channel.sends
    WHERE attempt_id = ANY ($1::text[]) AND state = 'started'
    ORDER BY attempt_id FOR UPDATE
)

-- name: look_up
-- Read the rows of attempts that were claimed before.
SELECT attempt_id, state, report FROM channel.sends WHERE attempt_id = ANY ($1::text[])

-- name: record
-- Record reports over started or unknown, never over another final one. Returns those recorded, and
-- which of them the sweeper leaves alone: their work comes again, unless they are published.
UPDATE channel.sends AS s
SET state = t.state::channel.send_state, report = t.report,
    published = t.published AND NOT s.redelivered, updated_at = clock_timestamp()
FROM (
    SELECT attempt_id, state, report, published
    FROM unnest($1::text[], $2::text[], $3::json[], $4::boolean[])
        AS u (attempt_id, state, report, published)
    ORDER BY attempt_id
) AS t
WHERE s.attempt_id = t.attempt_id
    AND (s.state = 'started' OR (s.state = 'unknown' AND t.state = 'recorded'))
RETURNING s.attempt_id, s.published

-- name: mark_published
-- Note which reports are published, and which are the sweeper's; a report recorded since then is not
-- touched.
UPDATE channel.sends AS s SET published = t.published
FROM (
    SELECT attempt_id, state, published
    FROM unnest($1::text[], $2::text[], $3::boolean[]) AS u (attempt_id, state, published)
    ORDER BY attempt_id
) AS t
WHERE s.attempt_id = t.attempt_id AND s.state = t.state::channel.send_state
    AND s.published <> t.published

-- name: lock_ended_leases
-- Lock claims whose lease ended a while ago without a report, but for those whose report is under
-- way here; another sweeper's are skipped. The clock is read once, so that the index serves.
SELECT attempt_id, provider, account FROM channel.sends
WHERE channel = $1 AND state = 'started'
    AND lease_until < (SELECT clock_timestamp()) - $2::interval
    AND attempt_id <> ALL ($4::text[])
ORDER BY attempt_id
LIMIT $3
FOR UPDATE SKIP LOCKED

-- name: take_unpublished
-- Take recorded reports whose publish was not confirmed; each is left alone for a while after.
UPDATE channel.sends SET updated_at = clock_timestamp()
WHERE attempt_id IN (
    SELECT attempt_id FROM channel.sends
    WHERE channel = $1 AND NOT published
        AND updated_at < (SELECT clock_timestamp()) - $2::interval
    ORDER BY updated_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
RETURNING attempt_id, state, report

-- name: routers_read_batches
-- Whether every router that may get a receipt reads several in one message.
SELECT channel.routers_read_batches()
