-- name: save
-- Note what this worker found out of accounts: down with a pause before the next probe, or up.
INSERT INTO channel.accounts AS a (channel, account, provider, trouble, code, pause, probe_at)
SELECT $1, account, provider, trouble, code, pause, clock_timestamp() + probe_in
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::interval[], $7::interval[])
    AS t (account, provider, trouble, code, pause, probe_in)
ORDER BY account
ON CONFLICT (channel, account) DO UPDATE
SET provider = excluded.provider, trouble = excluded.trouble, code = excluded.code,
    pause = excluded.pause, probe_at = excluded.probe_at,
    since = CASE WHEN (a.trouble IS NULL) = (excluded.trouble IS NULL) THEN a.since
        ELSE clock_timestamp() END

-- name: read
-- Read the channel's rows, and take the probes that are due of those accounts that this worker has:
-- one worker at a time gets each, for as long as a call of it may take.
WITH granted AS (
    UPDATE channel.accounts AS a SET probe_at = clock_timestamp() + t.lease
    FROM unnest($2::text[], $3::interval[]) AS t (account, lease)
    WHERE a.channel = $1 AND a.account = t.account AND a.trouble IS NOT NULL AND NOT a.paused
        AND a.probe_at <= clock_timestamp()
    RETURNING a.account
)
SELECT account, trouble, code, pause, probe_at - clock_timestamp() AS probe_in, paused,
    account IN (SELECT account FROM granted) AS granted
FROM channel.accounts WHERE channel = $1

-- name: list_all
-- Read the rows of all channels, for a person.
SELECT channel, account, trouble, code, since, paused, paused_since FROM channel.accounts

-- name: pause
-- Let an account take no calls. Returns a row unless it was paused already.
INSERT INTO channel.accounts AS a (channel, account, provider, paused, paused_since)
VALUES ($1, $2, $3, true, clock_timestamp())
ON CONFLICT (channel, account) DO UPDATE SET paused = true, paused_since = clock_timestamp()
WHERE NOT a.paused
RETURNING account

-- name: resume
-- Let a paused account take calls again. Returns a row unless it was not paused.
UPDATE channel.accounts SET paused = false, paused_since = NULL
WHERE channel = $1 AND account = $2 AND paused
RETURNING account
