-- name: examine_recipient
-- Name the newest messages to an address: of tenants ($1), since $2, before a place ($3, $4).
SELECT created_at, message_id
FROM unnest($1::text[]) AS asked (asked_tenant)
CROSS JOIN LATERAL (
    SELECT created_at, message_id FROM router.recipients
    WHERE tenant = asked_tenant AND address_hash = $10::bigint
        AND created_at >= $2::timestamptz
        AND (created_at, message_id) < ($3::timestamptz, $4::uuid)
    ORDER BY created_at DESC, message_id DESC LIMIT $5
) AS newest
ORDER BY created_at DESC, message_id DESC LIMIT $5

-- name: examine_time
-- Name the newest messages, likewise.
SELECT created_at, message_id
FROM unnest($1::text[]) AS asked (asked_tenant)
CROSS JOIN LATERAL (
    SELECT created_at, message_id FROM router.recipients
    WHERE tenant = asked_tenant AND place = 0
        AND created_at >= $2::timestamptz
        AND (created_at, message_id) < ($3::timestamptz, $4::uuid)
    ORDER BY created_at DESC, message_id DESC LIMIT $5
) AS newest
ORDER BY created_at DESC, message_id DESC LIMIT $5

-- name: examine_unsuccessful
-- Name the newest messages that ended otherwise than well, likewise; few did.
SELECT created_at, message_id
FROM unnest($1::text[]) AS asked (asked_tenant)
CROSS JOIN LATERAL (
    SELECT created_at, id AS message_id FROM router.messages
    WHERE tenant = asked_tenant AND outcome <> 'succeeded'
        AND created_at >= $2::timestamptz
        AND (created_at, id) < ($3::timestamptz, $4::uuid)
    ORDER BY created_at DESC, id DESC LIMIT $5
) AS newest
ORDER BY created_at DESC, message_id DESC LIMIT $5

-- name: match
-- Of the messages named (`examined`, $5 at most) read those that are wanted. The last one named comes
-- in any case, so that the next look begins after it; `matched` is null where it is not wanted.
SELECT
    counted.created_at AS position_at, counted.message_id AS position_id, counted.total,
    m.id AS matched, m.tenant, m.idempotency_key, m.status, m.outcome, m.created_at, m.ended_at,
    m.plan, m.state, m.resent_as
FROM (
    SELECT
        created_at, message_id, count(*) OVER () AS total,
        row_number() OVER (ORDER BY created_at DESC, message_id DESC) AS number
    FROM examined
) AS counted
LEFT JOIN LATERAL (
    SELECT * FROM router.messages
    WHERE id = counted.message_id
        AND ($6::text IS NULL OR status::text = $6)
        AND ($7::text IS NULL OR coalesce(outcome::text, 'none') = $7)
        AND ($8::jsonb IS NULL OR (plan -> 'metadata')::jsonb @> $8::jsonb)
        AND ($9::boolean IS NULL OR (resent_as IS NOT NULL) = $9)
    LIMIT 1
) AS m ON true
WHERE m.id IS NOT NULL OR counted.number = counted.total
ORDER BY counted.number

-- name: list_tenants
-- Name every tenant that has messages, by one look at the index for each.
WITH RECURSIVE tenants (name) AS (
    (SELECT tenant FROM router.recipients ORDER BY tenant LIMIT 1)
    UNION ALL
    SELECT (
        SELECT tenant FROM router.recipients WHERE tenant > tenants.name ORDER BY tenant LIMIT 1
    )
    FROM tenants WHERE tenants.name IS NOT NULL
)
SELECT name FROM tenants WHERE name IS NOT NULL

-- name: are_hashes_complete
-- Say whether every message can be found by its addresses.
SELECT coalesce((SELECT is_complete FROM router.masking), false)
