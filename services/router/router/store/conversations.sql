-- name: find_conversations
-- Read when recipients wrote last, to any of some tenants' accounts. `place` is of the one asked about.
SELECT t.place, c.account, c.own_address, c.last_at, c.closed_at
FROM unnest($1::int[], $2::text[], $3::bigint[]) AS t (place, channel, address_hash)
JOIN router.conversations AS c
    ON c.tenant = ANY ($4::text[]) AND (c.channel, c.address_hash) = (t.channel, t.address_hash)

-- name: close_windows
-- Keep that a provider refused a text as too late though the recipient seemed to have written in time.
-- A row that is in use is left alone: something new is being written there.
WITH refused AS (
    SELECT c.tenant, c.channel, c.address_hash, c.account, c.own_address, t.dispatched_at
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[])
        AS t (tenant, channel, address_hash, account, dispatched_at)
    JOIN router.conversations AS c USING (tenant, channel, address_hash, account)
    WHERE c.last_at <= t.dispatched_at
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE router.conversations AS c SET closed_at = greatest(c.closed_at, r.dispatched_at)
FROM refused AS r
WHERE (c.tenant, c.channel, c.address_hash, c.account, c.own_address)
    = (r.tenant, r.channel, r.address_hash, r.account, r.own_address)
