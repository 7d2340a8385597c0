-- name: claim
-- Claim attempts before their calls, sorted so that workers and routers never deadlock. Returns
-- those that are ours; the others have a row already.
INSERT INTO channel.sends (attempt_id, state, channel, provider, account, lease_until)
SELECT attempt_id, 'started', $1, provider, account, lease_until
FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[])
    AS t (attempt_id, provider, account, lease_until)
ORDER BY attempt_id
ON CONFLICT DO NOTHING
RETURNING attempt_id

-- name: look_up
-- Read the rows of attempts that were claimed before.
SELECT attempt_id, state, lease_until, report FROM channel.sends WHERE attempt_id = ANY ($1::text[])

-- name: record
-- Record outcomes over started or unknown, never over another outcome. Returns those recorded.
UPDATE channel.sends AS s
SET state = t.state::channel.send_state, report = t.report, published = false, updated_at = now()
FROM (
    SELECT attempt_id, state, report
    FROM unnest($1::text[], $2::text[], $3::json[]) AS u (attempt_id, state, report)
    ORDER BY attempt_id
) AS t
WHERE s.attempt_id = t.attempt_id
    AND (s.state = 'started' OR (s.state = 'unknown' AND t.state = 'recorded'))
RETURNING s.attempt_id

-- name: mark_published
-- Note that reports were confirmed; a report recorded since then is not touched.
UPDATE channel.sends AS s SET published = true
FROM unnest($1::text[], $2::text[]) AS t (attempt_id, state)
WHERE s.attempt_id = t.attempt_id AND s.state = t.state::channel.send_state AND NOT s.published

-- name: lock_ended_leases
-- Lock claims whose lease ended without a report, but for those whose report is under way here;
-- another sweeper's are skipped.
SELECT attempt_id, provider, account FROM channel.sends
WHERE channel = $1 AND state = 'started' AND lease_until < $2::timestamptz
    AND attempt_id <> ALL ($4::text[])
ORDER BY attempt_id
LIMIT $3
FOR UPDATE SKIP LOCKED

-- name: take_unpublished
-- Take recorded reports whose publish was not confirmed; each is left alone for a while after.
UPDATE channel.sends SET updated_at = $2::timestamptz
WHERE attempt_id IN (
    SELECT attempt_id FROM channel.sends
    WHERE channel = $1 AND NOT published AND updated_at < $2::timestamptz - $3::interval
    ORDER BY updated_at
    LIMIT $4
    FOR UPDATE SKIP LOCKED
)
RETURNING attempt_id, state, report
