-- name: upsert_references
-- Join provider ids to attempts, or park receipts whose attempt is not known yet: each once, at
-- most $6. Returns who each belongs to now and what was parked; then the messages $7, locked after
-- that in the order of their ids, as `lock_messages` selects them.
WITH joined AS (
    INSERT INTO router.provider_refs AS r (provider, account, reference, attempt_id, parked)
    SELECT provider, account, reference, attempt_id, parked
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[])
        AS t (provider, account, reference, attempt_id, parked)
    ORDER BY provider, account, reference
    ON CONFLICT (provider, account, reference) DO UPDATE
    SET attempt_id = coalesce(r.attempt_id, excluded.attempt_id),
        parked = CASE
            WHEN r.attempt_id IS NOT NULL OR excluded.parked IS NULL THEN r.parked
            WHEN r.parked IS NULL THEN excluded.parked
            ELSE (
                SELECT json_agg(item ORDER BY place)
                FROM (
                    SELECT item, place
                    FROM (
                        SELECT DISTINCT ON (item ->> 'status', item ->> 'event_key') item, place
                        FROM jsonb_array_elements(r.parked::jsonb || excluded.parked::jsonb)
                            WITH ORDINALITY AS every (item, place)
                        ORDER BY item ->> 'status', item ->> 'event_key', place
                    ) AS once
                    ORDER BY place LIMIT $6
                ) AS first
            )
        END
    RETURNING provider, account, reference, attempt_id, parked
)
SELECT provider, account, reference, attempt_id, parked, NULL AS id, NULL AS tenant,
    NULL AS idempotency_key, NULL AS status, NULL AS outcome, NULL AS created_at, NULL AS plan,
    NULL AS state, NULL AS is_erased
FROM joined
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, locked.*
FROM (
    SELECT id, tenant, idempotency_key, status, outcome, created_at, plan, state,
        erased_at IS NOT NULL AS is_erased
    FROM router.messages
    WHERE id = ANY ($7::uuid[])
    ORDER BY id
    FOR NO KEY UPDATE
) AS locked

-- name: lock_orphaned
-- Lock rows on which receipts wait since before $1; another router's are skipped.
SELECT provider, account, reference, attempt_id, parked
FROM router.provider_refs
WHERE attempt_id IS NULL AND parked IS NOT NULL AND created_at < $1::timestamptz
ORDER BY created_at LIMIT $2
FOR UPDATE SKIP LOCKED

-- name: clear_parked
-- Empty the rows whose parked receipts were taken up.
UPDATE router.provider_refs AS r SET parked = NULL
FROM unnest($1::text[], $2::text[], $3::text[]) AS t (provider, account, reference)
WHERE (r.provider, r.account, r.reference) = (t.provider, t.account, t.reference)

-- name: mark_seen
-- Mark facts as seen, each once; returns those that are new.
INSERT INTO router.provider_refs (provider, account, reference)
SELECT provider, account, reference
FROM unnest($1::text[], $2::text[], $3::text[]) AS t (provider, account, reference)
ORDER BY provider, account, reference
ON CONFLICT DO NOTHING
RETURNING provider, account, reference

-- name: find_references
-- Find the attempts behind provider ids, for replies that quote one.
SELECT r.provider, r.account, r.reference, r.attempt_id
FROM router.provider_refs AS r
JOIN unnest($1::text[], $2::text[], $3::text[]) AS t (provider, account, reference)
    ON (r.provider, r.account, r.reference) = (t.provider, t.account, t.reference)
WHERE r.attempt_id IS NOT NULL
