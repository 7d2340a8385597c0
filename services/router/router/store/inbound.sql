-- name: keep_inbound
-- Mark recipients' messages as seen, and keep those that are new and somebody's. Returns the new.
WITH given AS (
    SELECT *
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::bigint[], $10::timestamptz[], $11::json[], $12::text[], $13::boolean[],
        $14::text[]
    ) AS t (
        provider, account, reference, id, tenant, channel, content,
        sender, sender_hash, occurred_at, element, own_address, in_group, mail_id
    )
),
new AS (
    INSERT INTO router.provider_refs (provider, account, reference)
    SELECT provider, account, 'in:' || reference FROM given
    WHERE tenant IS NOT NULL  -- nobody's is a dead letter, and new once it is somebody's
    ORDER BY provider, account, reference
    ON CONFLICT DO NOTHING
    RETURNING provider, account, substr(reference, 4) AS reference
),
kept AS (
    INSERT INTO router.inbound (
        id, tenant, channel, provider, account, reference, content,
        sender, sender_hash, occurred_at, element, own_address, in_group, mail_id
    )
    SELECT
        id, tenant, channel, provider, account, reference, content,
        sender, sender_hash, occurred_at, element, own_address, in_group, mail_id
    FROM given JOIN new USING (provider, account, reference)
    ON CONFLICT DO NOTHING
)
SELECT provider, account, reference FROM new

-- name: find_inbound
-- Find what recipients sent, for messages that answer it. A mail is answered by its Message-ID.
SELECT id, tenant, channel, account, coalesce(mail_id, reference) AS reference, sender_hash
FROM router.inbound WHERE id = ANY ($1::uuid[])

-- name: find_owned
-- Find which messages ($2) are of the tenants beside them ($1).
SELECT m.tenant, m.id
FROM unnest($1::text[], $2::uuid[]) AS t (tenant, id)
JOIN router.messages AS m ON m.id = t.id AND m.tenant = t.tenant

-- name: find_latest
-- Find the latest message to each recipient ($1 tenant, $2 hash) that may have reached them on a channel ($3).
SELECT t.place, latest.id
FROM unnest($1::text[], $2::bigint[], $3::text[]) WITH ORDINALITY
    AS t (tenant, address_hash, channel, place)
CROSS JOIN LATERAL (
    SELECT m.id
    FROM (
        SELECT created_at, message_id FROM router.recipients AS r
        WHERE r.tenant = t.tenant AND r.address_hash = t.address_hash
        ORDER BY created_at DESC LIMIT 10
    ) AS recent
    JOIN router.messages AS m ON m.id = recent.message_id
    WHERE EXISTS (
        SELECT FROM json_array_elements(m.state -> 'attempts') AS attempt
        WHERE attempt ->> 'channel' = t.channel AND attempt ->> 'accepted_at' IS NOT NULL
    )
    ORDER BY recent.created_at DESC LIMIT 1
) AS latest
