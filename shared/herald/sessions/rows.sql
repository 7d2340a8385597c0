-- name: begin
-- Make the rows that are missing.
INSERT INTO channel.sessions (channel, account, provider, kind)
SELECT $1, account, provider, kind
FROM unnest($2::text[], $3::text[], $4::text[]) AS t (account, provider, kind)
ORDER BY account
ON CONFLICT (channel, account) DO NOTHING

-- name: read
-- Read the channel's rows of some accounts; what is sealed only where it differs from what the worker
-- has: it names the version and the key of each.
SELECT id, s.account, s.key_id, s.version, trouble, is_lasting, lease_holder, tried,
    CASE WHEN s.version <> t.version OR s.key_id IS DISTINCT FROM t.key_id THEN sealed END AS sealed,
    sealed IS NOT NULL AS has_tokens,
    revoked_at IS NOT NULL AS is_revoked,
    expires_at - clock_timestamp() AS left_over,
    clock_timestamp() - refreshed_at AS age,
    coalesce(refresh_at <= clock_timestamp(), true) AS is_due,
    coalesce(lease_until > clock_timestamp(), false) AS is_leased,
    retry_at - clock_timestamp() AS retry_in
FROM unnest($2::text[], $3::bigint[], $4::text[]) AS t (account, version, key_id)
JOIN channel.sessions AS s ON s.channel = $1 AND s.account = t.account

-- name: take_lease
-- Let one worker ask for the next token, for as long as that may take. `$6`: also while it backs off,
-- for the configuration has changed. `$7`: the provider refuses the present token; one that is
-- younger than `$8` is not replaced for that, for the next one would be refused, too.
UPDATE channel.sessions
SET lease_holder = $4, lease_until = clock_timestamp() + $5::interval
WHERE channel = $1 AND account = $2 AND version = $3 AND revoked_at IS NULL
    AND (lease_until IS NULL OR lease_until <= clock_timestamp())
    AND ($6 OR retry_at IS NULL OR retry_at <= clock_timestamp())
    AND (coalesce(refresh_at <= clock_timestamp(), true)
        OR ($7 AND coalesce(refreshed_at <= clock_timestamp() - $8::interval, true)))
RETURNING id, key_id, sealed

-- name: store
-- Keep a new token; the seal it replaces stays until then. Returns a row unless the session has another
-- token meanwhile, or was revoked.
UPDATE channel.sessions
SET key_id = $4, sealed = $5, version = version + 1, tried = $8, refreshed_at = clock_timestamp(),
    expires_at = clock_timestamp() + $6::interval, refresh_at = clock_timestamp() + $7::interval,
    lease_holder = NULL, lease_until = NULL,
    trouble = NULL, is_lasting = false, failures = 0, retry_at = NULL
WHERE channel = $1 AND account = $2 AND version = $3 AND revoked_at IS NULL
RETURNING version

-- name: note_trouble
-- Note that there was no token, give the lease back, and let nobody ask again too soon: the pause
-- doubles from `$7` to `$8`, and is as long as the endpoint asked for at least.
UPDATE channel.sessions
SET trouble = $5, is_lasting = $6, tried = $10, failures = failures + 1,
    retry_at = clock_timestamp() + greatest(
        least($7::interval * power(2, least(failures, 20)), $8::interval), $9::interval),
    lease_holder = NULL, lease_until = NULL
WHERE channel = $1 AND account = $2 AND version = $3 AND lease_holder = $4

-- name: list_all
-- Read the sessions of all channels, for a person; nothing of what is sealed.
SELECT channel, account, provider, kind, key_id, version, refreshed_at, expires_at, refresh_at,
    clock_timestamp() - refreshed_at AS age, expires_at - clock_timestamp() AS left_over, trouble, is_lasting, failures, retry_at, revoked_at
FROM channel.sessions ORDER BY channel, account

-- name: read_sealed
-- Read what is sealed of one session, and keep others from writing it meanwhile.
SELECT id, key_id, sealed FROM channel.sessions
WHERE channel = $1 AND account = $2 AND sealed IS NOT NULL
FOR UPDATE

-- name: reseal
-- Replace the seal of the same tokens.
UPDATE channel.sessions SET key_id = $3, sealed = $4 WHERE channel = $1 AND account = $2

-- name: revoke
-- Forget the tokens, and let nobody use the session. Returns a row unless it was revoked already.
UPDATE channel.sessions
SET key_id = NULL, sealed = NULL, version = version + 1, refreshed_at = NULL, expires_at = NULL,
    refresh_at = NULL, lease_holder = NULL, lease_until = NULL, revoked_at = clock_timestamp()
WHERE channel = $1 AND account = $2 AND revoked_at IS NULL
RETURNING account

-- name: renew
-- Have a new token asked for now. Returns a row if there is such a session.
UPDATE channel.sessions
SET refresh_at = clock_timestamp(), retry_at = NULL, failures = 0, revoked_at = NULL
WHERE channel = $1 AND account = $2
RETURNING account

-- name: begin_anew
-- Have a new token asked for now, with the configured secrets: the stored tokens are forgotten. Returns
-- a row if there is such a session.
UPDATE channel.sessions
SET key_id = NULL, sealed = NULL, version = version + 1, refreshed_at = NULL, expires_at = NULL,
    refresh_at = NULL, lease_holder = NULL, lease_until = NULL, retry_at = NULL, failures = 0,
    revoked_at = NULL
WHERE channel = $1 AND account = $2
RETURNING account
