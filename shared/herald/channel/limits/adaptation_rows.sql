-- name: make
-- Make the rows of buckets that platforms throttle.
INSERT INTO channel.buckets (key)
SELECT key FROM unnest($1::text[]) AS t (key) ORDER BY key
ON CONFLICT (key) DO NOTHING

-- name: lock
-- Read what was learned of buckets, and lock it: the database's time, then its own columns.
SELECT key, extract(epoch FROM clock_timestamp())::float8 AS now,
    factor, ceiling, extract(epoch FROM decreased_at)::float8 AS decreased_at,
    extract(epoch FROM recovered_at)::float8 AS recovered_at, probes,
    extract(epoch FROM blocked_until)::float8 AS blocked_until,
    extract(epoch FROM asked_until)::float8 AS asked_until, backoff
FROM channel.buckets WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE

-- name: save
-- Write what was learned of buckets; where nothing blocks one any more, no probe is due of it.
UPDATE channel.buckets AS b SET factor = t.factor, ceiling = t.ceiling,
    decreased_at = to_timestamp(t.decreased_at), recovered_at = to_timestamp(t.recovered_at),
    probes = t.probes, blocked_until = to_timestamp(t.blocked_until),
    asked_until = to_timestamp(t.asked_until), backoff = t.backoff,
    probe_at = CASE WHEN t.blocked_until IS NULL THEN NULL ELSE b.probe_at END
FROM unnest($1::text[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::int[],
    $7::float8[], $8::float8[], $9::int[])
    AS t (key, factor, ceiling, decreased_at, recovered_at, probes, blocked_until, asked_until,
        backoff)
WHERE b.key = t.key
