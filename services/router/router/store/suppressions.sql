-- name: suppress
-- Record suppressions that are not there yet, and each in the history. Returns the places, in what was
-- given, of those that are new.
WITH given AS (
    SELECT *
    FROM unnest(
        $1::int[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bytea[],
        $8::text[], $9::text[], $10::text[], $11::uuid[]
    ) AS t (
        place, tenant, address_hash, channel, category, reason, hashed_with,
        source, cause, broker_user, message_id
    )
),
new AS (
    INSERT INTO router.suppressions (
        tenant, address_hash, channel, category, reason, hashed_with,
        source, cause, broker_user, message_id
    )
    SELECT
        tenant, address_hash, channel, category, reason, hashed_with,
        source, cause, broker_user, message_id
    FROM given
    ORDER BY tenant, address_hash, channel, category, reason, place
    ON CONFLICT DO NOTHING
    RETURNING tenant, address_hash, channel, category, reason
),
first AS (
    SELECT DISTINCT ON (tenant, address_hash, channel, category, reason) given.*
    FROM given JOIN new USING (tenant, address_hash, channel, category, reason)
    ORDER BY tenant, address_hash, channel, category, reason, place
),
kept AS (
    INSERT INTO router.suppression_history (
        tenant, address_hash, channel, category, reason, change, source, cause, broker_user, message_id
    )
    SELECT
        tenant, address_hash, channel, category, reason, 'suppressed', source, cause, broker_user,
        message_id
    FROM first
)
SELECT place, channel, category, reason FROM first

-- name: unsuppress
-- Lift suppressions, and write each into the history. Returns what was lifted, by the place in what was
-- given. The rows are locked in their order first, so that two routers never deadlock.
WITH given AS (
    SELECT *
    FROM unnest(
        $1::int[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[]
    ) AS t (place, tenant, address_hash, channel, category, reasons, source, cause, broker_user)
),
wanted AS (
    SELECT s.tenant, s.address_hash, s.channel, s.category, s.reason, given.place, given.source,
        given.cause, given.broker_user
    FROM router.suppressions AS s
    JOIN given ON s.tenant = given.tenant AND s.address_hash = given.address_hash
        AND given.channel IN ('', s.channel)
        AND given.category IN ('', s.category)
        AND (given.reasons = '' OR s.reason = ANY (string_to_array(given.reasons, ',')))
    ORDER BY s.tenant, s.address_hash, s.channel, s.category, s.reason
    FOR UPDATE OF s
),
lifted AS (
    DELETE FROM router.suppressions AS s USING (
        SELECT DISTINCT ON (tenant, address_hash, channel, category, reason) *
        FROM wanted ORDER BY tenant, address_hash, channel, category, reason, place
    ) AS w
    WHERE (s.tenant, s.address_hash, s.channel, s.category, s.reason)
        = (w.tenant, w.address_hash, w.channel, w.category, w.reason)
    RETURNING w.place, s.tenant, s.address_hash, s.channel, s.category, s.reason, w.source, w.cause,
        w.broker_user
),
kept AS (
    INSERT INTO router.suppression_history (
        tenant, address_hash, channel, category, reason, change, source, cause, broker_user
    )
    SELECT tenant, address_hash, channel, category, reason, 'unsuppressed', source, cause, broker_user
    FROM lifted
)
SELECT place, channel, category, reason FROM lifted

-- name: find_suppressions
-- Read what stands of recipients.
SELECT s.tenant, s.address_hash, s.channel, s.category, s.reason
FROM unnest($1::text[], $2::bigint[]) AS asked (tenant, address_hash)
JOIN router.suppressions AS s
    ON (s.tenant, s.address_hash) = (asked.tenant, asked.address_hash)

-- name: find_causes
-- Say which of some commands changed something, at whatever time.
SELECT DISTINCT h.cause
FROM unnest($1::text[], $2::bigint[], $3::text[]) AS asked (tenant, address_hash, cause)
JOIN router.suppression_history AS h
    ON (h.tenant, h.address_hash, h.cause) = (asked.tenant, asked.address_hash, asked.cause)

-- name: show_suppressions
-- Read what stands of a tenant's recipients, the newest first: of some ($2), or of all; before a moment.
SELECT address_hash, channel, category, reason, source, since, message_id
FROM router.suppressions
WHERE tenant = $1
    AND ($2::bigint[] IS NULL OR address_hash = ANY ($2))
    AND since < $3::timestamptz
ORDER BY since DESC LIMIT $4

-- name: show_history
-- Read how it came to that, the newest first.
SELECT address_hash, channel, category, reason, change, source, recorded_at, message_id
FROM router.suppression_history
WHERE tenant = $1 AND address_hash = ANY ($2::bigint[])
ORDER BY id DESC LIMIT $3

-- name: find_foreign_keys
-- Say whether suppressions stand under hashes of a key that is not one of these.
SELECT EXISTS (SELECT FROM router.suppressions WHERE hashed_with <> ALL ($1::bytea[]))
