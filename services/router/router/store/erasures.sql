-- name: insert_erasures
-- Insert erasures, each once.
INSERT INTO router.erasures (id, tenant, cause, routing_key, correlation_id, broker_user, addresses)
SELECT id, tenant, cause, routing_key, correlation_id, broker_user, ARRAY(SELECT json_array_elements_text(addresses))
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[])
    AS t (id, tenant, cause, routing_key, correlation_id, broker_user, addresses)
ORDER BY id
ON CONFLICT DO NOTHING

-- name: find_erasures
-- Read whose command each erasure came from, and whether it is finished.
SELECT id, tenant, cause, erased, finished_at IS NOT NULL AS is_finished
FROM router.erasures WHERE id = ANY ($1::uuid[])

-- name: take_erasure
-- Lock the erasure to go on with; another router's is skipped.
SELECT id, tenant, cause, routing_key, correlation_id, broker_user, addresses, asked_at, step, place, erased
FROM router.erasures
WHERE finished_at IS NULL AND look_at <= (SELECT clock_timestamp())
ORDER BY look_at LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED

-- name: save_erasure
-- Keep how far an erasure is, and go on with it in a while.
UPDATE router.erasures
SET step = $2, place = $3, erased = $4, waits_for = $5, look_at = clock_timestamp() + $6::interval
WHERE id = $1

-- name: put_off_erasure
-- Go on with an erasure in a while: its step failed.
UPDATE router.erasures SET waits_for = 'error', look_at = clock_timestamp() + $2::interval
WHERE id = $1 AND finished_at IS NULL

-- name: finish_erasure
-- End an erasure; nothing stays of the addresses it was for.
UPDATE router.erasures
SET addresses = '{}', erased = $2, waits_for = NULL, finished_at = clock_timestamp()
WHERE id = $1

-- name: find_by_address
-- Find messages that went to an address, accepted until $3: of a tenant, or of all. A tenant after the other, so that the index serves.
WITH RECURSIVE tenants (name) AS (
    (SELECT tenant FROM router.recipients WHERE $1::text IS NULL ORDER BY tenant LIMIT 1)
    UNION ALL
    SELECT (
        SELECT tenant FROM router.recipients WHERE tenant > tenants.name ORDER BY tenant LIMIT 1
    )
    FROM tenants WHERE tenants.name IS NOT NULL
)
SELECT DISTINCT r.message_id
FROM (SELECT name FROM tenants WHERE name IS NOT NULL UNION SELECT $1 WHERE $1 IS NOT NULL) AS t
JOIN router.recipients AS r
    ON r.tenant = t.name AND r.address_hash = ANY ($2::bigint[]) AND r.created_at <= $3
WHERE r.message_id > $4::uuid
ORDER BY r.message_id LIMIT $5

-- name: load_attempts
-- Read messages' attempts.
SELECT id, ARRAY(
    SELECT id || '.' || (attempt ->> 'step') || '.' || (attempt ->> 'number')
    FROM json_array_elements(state -> 'attempts') AS attempt
) AS attempts
FROM router.messages WHERE id = ANY ($1::uuid[])

-- name: forget_hashes
-- Let messages not be found by their addresses any more.
UPDATE router.recipients AS r SET address_hash = NULL
FROM router.messages AS m
WHERE m.id = ANY ($1::uuid[]) AND (r.tenant, r.created_at, r.message_id) = (m.tenant, m.created_at, m.id)

-- name: erase_references
-- Delete those of a page of references that mention an address ($1 as a pattern, $2 as parts), or
-- whose parked receipts do; of a tenant's accounts ($3), or of all. Returns where the next page
-- begins, and how many went.
WITH page AS (
    SELECT provider, account, reference, parked FROM router.provider_refs
    WHERE (provider, account, reference) > ($4::text, $5::text, $6::text)
    ORDER BY provider, account, reference LIMIT $7
),
gone AS (
    DELETE FROM router.provider_refs AS r USING page
    WHERE (r.provider, r.account, r.reference) = (page.provider, page.account, page.reference)
        AND ($3::text[] IS NULL OR page.account = ANY ($3))
        AND (
            concat_ws(' ', page.reference, page.parked) ~* $1
            OR concat_ws(' ', page.reference, page.parked) LIKE ANY ($2::text[])
        )
    RETURNING 1
)
SELECT provider, account, reference, (SELECT count(*) FROM gone) AS gone
FROM page ORDER BY provider DESC, account DESC, reference DESC LIMIT 1

-- name: erase_dead_letters
-- Delete those of a page of dead letters that mention an address, as above; of a tenant ($3) and of
-- none, or of all. A page ends once it has more than $6 bytes. Returns where the next page begins, and how many went.
WITH page AS (
    SELECT id, tenant, encode(body, 'escape') AS body, headers
    FROM (
        SELECT *, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS bytes_before
        FROM (
            SELECT id, tenant, body, headers FROM router.dead_letters
            WHERE id > $4::text
            ORDER BY id LIMIT $5
        ) AS listed
    ) AS sized
    WHERE bytes_before < $6
),
gone AS (
    DELETE FROM router.dead_letters AS d USING page
    WHERE d.id = page.id
        AND ($3::text IS NULL OR page.tenant IS NULL OR page.tenant = $3)
        AND (
            concat_ws(' ', page.body, page.headers) ~* $1
            OR concat_ws(' ', page.body, page.headers) LIKE ANY ($2::text[])
        )
    RETURNING 1
)
SELECT id, (SELECT count(*) FROM gone) AS gone FROM page ORDER BY id DESC LIMIT 1

-- name: erase_inbound
-- Delete what a recipient sent to a tenant ($2), or to all, and when that was. Returns how much it was.
WITH conversations AS (
    DELETE FROM router.conversations
    WHERE address_hash = ANY ($1::bigint[]) AND ($2::text IS NULL OR tenant = $2)
),
gone AS (
    DELETE FROM router.inbound
    WHERE id IN (
        SELECT id FROM router.inbound
        WHERE sender_hash = ANY ($1::bigint[]) AND ($2::text IS NULL OR tenant = $2)
        LIMIT $3
    )
    RETURNING 1
)
SELECT count(*) FROM gone

-- name: find_obstacles
-- Say what may still bring something from before $1 that is not in the tables yet, or not found.
SELECT
    EXISTS (
        SELECT FROM router.ingresses WHERE NOT has_left AND published_until <= $1::timestamptz
    ) AS ingress,
    EXISTS (
        SELECT FROM router.listeners
        WHERE progress IS NULL OR least(progress, held_at) <= $1::timestamptz + $2::interval
    ) AS receipts,
    NOT coalesce((SELECT is_complete FROM router.masking), false) AS rehash

-- name: search_outbox
-- Whether one of a page of what is to be published mentions an address ($1, $2 as above). A page ends
-- once it has more than $5 bytes. Returns where the next page begins, too.
WITH page AS (
    SELECT id, frames
    FROM (
        SELECT
            id, frames,
            sum(octet_length(frames)) OVER (ORDER BY id) - octet_length(frames) AS bytes_before
        FROM (
            SELECT id, frames FROM router.outbox WHERE id > $3::uuid ORDER BY id LIMIT $4
        ) AS listed
    ) AS sized
    WHERE bytes_before < $5
)
SELECT
    id,
    (SELECT bool_or(frames ~* $1 OR frames LIKE ANY ($2::text[])) FROM page) AS is_mentioning,
    NOT EXISTS (SELECT FROM router.outbox AS o WHERE o.id > page.id) AS is_last
FROM page ORDER BY id DESC LIMIT 1
