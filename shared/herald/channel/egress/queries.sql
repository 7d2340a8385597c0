-- name: save
-- Note what this worker found out of members: in quarantine with a pause before the next check, or not.
INSERT INTO channel.egress AS e (egress, server, code, pause, check_at)
SELECT egress, server, code, pause, clock_timestamp() + check_in
FROM unnest($1::text[], $2::text[], $3::text[], $4::interval[], $5::interval[])
    AS t (egress, server, code, pause, check_in)
ORDER BY egress, server
ON CONFLICT (egress, server) DO UPDATE
SET code = excluded.code, pause = excluded.pause, check_at = excluded.check_at,
    since = CASE WHEN (e.code IS NULL) = (excluded.code IS NULL) THEN e.since
        ELSE clock_timestamp() END

-- name: begin
-- Make the rows of members that have none; their first check is due at once.
INSERT INTO channel.egress (egress, server)
SELECT egress, server FROM unnest($1::text[], $2::text[]) AS t (egress, server)
ORDER BY egress, server
ON CONFLICT (egress, server) DO NOTHING

-- name: read
-- Read the rows of these members, and take the checks that are due: one worker at a time gets each.
-- What another is about to take is left to it.
WITH due AS (
    SELECT e.egress, e.server
    FROM unnest($1::text[], $2::text[]) AS t (egress, server)
    JOIN channel.egress AS e USING (egress, server)
    WHERE e.check_at <= clock_timestamp()
    ORDER BY e.egress, e.server
    FOR UPDATE OF e SKIP LOCKED
), granted AS (
    UPDATE channel.egress AS e SET check_at = clock_timestamp() + $3::interval
    FROM due WHERE e.egress = due.egress AND e.server = due.server
    RETURNING e.egress, e.server
)
SELECT t.egress, t.server, e.code, e.pause, e.check_at - clock_timestamp() AS check_in,
    e.egress IS NOT NULL AS known, d.egress IS NOT NULL AS draining,
    (t.egress, t.server) IN (SELECT g.egress, g.server FROM granted AS g) AS granted
FROM unnest($1::text[], $2::text[]) AS t (egress, server)
LEFT JOIN channel.egress AS e USING (egress, server)
LEFT JOIN channel.egress_drains AS d ON d.egress = t.egress

-- name: list_all
-- Read all rows, for a person.
SELECT egress, server, code, since FROM channel.egress ORDER BY egress, server

-- name: list_drains
-- Read which members are drained, for a person.
SELECT egress, since FROM channel.egress_drains ORDER BY egress

-- name: drain
-- Let no new call go by a member. Returns a row unless it was so already.
INSERT INTO channel.egress_drains (egress) VALUES ($1) ON CONFLICT DO NOTHING RETURNING egress

-- name: restore
-- Let calls go by a drained member again, and have its quarantines checked at once. Returns a row
-- unless nothing was to do.
WITH ended AS (
    DELETE FROM channel.egress_drains WHERE egress = $1 RETURNING egress
), hurried AS (
    UPDATE channel.egress SET check_at = clock_timestamp()
    WHERE egress = $1 AND code IS NOT NULL RETURNING egress
)
SELECT egress FROM ended UNION SELECT egress FROM hurried
