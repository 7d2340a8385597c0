-- name: record_key
-- Keep the fingerprint of the key that hashes are made with, unless one is kept already.
INSERT INTO router.masking (fingerprint, is_complete)
SELECT $1::bytea, NOT EXISTS (SELECT FROM router.messages)
ON CONFLICT DO NOTHING

-- name: read_key
-- Read which key hashes are made with.
SELECT fingerprint FROM router.masking

-- name: claim_rehash
-- Let one rehash run at a time, for as long as its session lives; true when it is this one.
SELECT pg_try_advisory_lock(x'68726568'::int)

-- name: lock_key
-- Read which key hashes are made with and how far a rehash came; routers that start wait.
SELECT fingerprint, messages_to, inbound_to FROM router.masking FOR UPDATE

-- name: count_running_routers
-- Count routers that wrote a moment ago how far they are.
SELECT count(DISTINCT router) FROM router.listeners
WHERE seen_at > clock_timestamp() - $1::interval

-- name: take_key
-- Begin to hash under another key.
UPDATE router.masking
SET fingerprint = $1::bytea, is_complete = false, messages_to = NULL, inbound_to = NULL

-- name: next_messages
-- Read the addresses of the messages after an id; nobody deletes them meanwhile.
SELECT
    id, tenant, created_at, erased_at IS NOT NULL AS is_erased,
    ARRAY(
        SELECT step ->> 'address'
        FROM json_array_elements(plan -> 'steps') WITH ORDINALITY AS every (step, place)
        ORDER BY place
    ) AS addresses
FROM router.messages
WHERE id > $1::uuid
ORDER BY id LIMIT $2
FOR KEY SHARE

-- name: save_hashes
-- Write hashes of messages, and how far this came. A null replaces nothing.
WITH hashed AS (
    INSERT INTO router.recipients AS r (tenant, created_at, message_id, place, address_hash)
    SELECT tenant, created_at, message_id, place, address_hash
    FROM unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::smallint[], $5::bigint[])
        AS t (tenant, created_at, message_id, place, address_hash)
    ORDER BY tenant, created_at, message_id, place
    ON CONFLICT (tenant, created_at, message_id, place) DO UPDATE
    SET address_hash = excluded.address_hash
    WHERE excluded.address_hash IS NOT NULL AND r.address_hash IS DISTINCT FROM excluded.address_hash
)
UPDATE router.masking SET messages_to = $6::uuid

-- name: next_inbound
-- Read the senders of the inbound messages after an id.
SELECT id, sender FROM router.inbound WHERE id > $1::uuid ORDER BY id LIMIT $2 FOR NO KEY UPDATE

-- name: save_inbound_hashes
-- Write hashes of senders, and how far this came.
WITH given AS (
    SELECT i.id, i.tenant, i.channel, i.sender_hash AS old_hash, t.sender_hash
    FROM unnest($1::uuid[], $2::bigint[]) AS t (id, sender_hash)
    JOIN router.inbound AS i USING (id)
    WHERE i.sender_hash <> t.sender_hash
),
hashed AS (
    UPDATE router.inbound AS i SET sender_hash = given.sender_hash
    FROM given WHERE i.id = given.id
),
conversations AS (
    UPDATE router.conversations AS c SET address_hash = given.sender_hash
    FROM given
    WHERE (c.tenant, c.channel, c.address_hash) = (given.tenant, given.channel, given.old_hash)
)
UPDATE router.masking SET inbound_to = $3::uuid

-- name: finish_rehash
-- Say that every message has its hashes, and that the next rehash begins at the first again.
UPDATE router.masking SET is_complete = true, messages_to = NULL, inbound_to = NULL
