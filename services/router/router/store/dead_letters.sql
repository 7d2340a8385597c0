-- name: insert_dead_letters
-- Insert dead letters. One that is being replayed and refused again says so, and why now. Returns the
-- queues, and which are new.
INSERT INTO router.dead_letters AS d (
    id, queue, reason, exchange, routing_key, headers, body,
    message_id, correlation_id, broker_user, tenant, idempotency_key
)
SELECT DISTINCT ON (id)
    id, queue, reason, exchange, routing_key, headers, body,
    message_id, correlation_id, broker_user, tenant, idempotency_key
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[], $7::bytea[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[]
) WITH ORDINALITY AS t (
    id, queue, reason, exchange, routing_key, headers, body,
    message_id, correlation_id, broker_user, tenant, idempotency_key, place
)
ORDER BY id, place
ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, replay_result = 'refused: ' || excluded.reason
WHERE d.replayed_at IS NOT NULL AND d.replay_result IS NULL
RETURNING queue, xmax = 0 AS is_new

-- name: lock_dead_letter
-- Lock a dead letter that an operator means.
SELECT id, queue, reason, exchange, routing_key, body, message_id, correlation_id, broker_user,
    tenant, idempotency_key, replayed_at, replayed_by, replay_cause, replay_result
FROM router.dead_letters WHERE id = $1
FOR UPDATE

-- name: begin_replay
-- Mark a dead letter as being replayed.
UPDATE router.dead_letters
SET replayed_at = clock_timestamp(), replayed_by = $2, replay_cause = $3, replay_result = NULL
WHERE id = $1

-- name: end_replay
-- Write how a replay ended, unless it was refused again: the same row, or its message under another
-- reason, or a receipt of several that it brought. Returns what is written there.
UPDATE router.dead_letters AS d
SET replay_result = coalesce(
    d.replay_result,
    (
        SELECT 'refused: ' || other.reason FROM router.dead_letters AS other
        WHERE other.received_at >= d.replayed_at
            AND (other.message_id = d.message_id OR other.message_id = ANY ($3::text[]))
            AND other.id <> d.id AND other.queue = d.queue
        LIMIT 1
    ),
    $2
)
WHERE d.id = $1
RETURNING replay_result

-- name: delete_dead_letter
-- Delete a dead letter.
DELETE FROM router.dead_letters WHERE id = $1

-- name: was_dropped
-- Say whether an operator deleted a dead letter before.
SELECT EXISTS (
    SELECT FROM router.audit
    WHERE subject = $1 AND act = $2 AND detail ->> 'answer' = 'accepted'
)

-- name: list_dead_letters
-- List dead letters, the newest first; each filter that is null lets all pass.
SELECT id, queue, reason, exchange, routing_key, message_id, correlation_id, broker_user, tenant,
    idempotency_key, received_at, octet_length(body) AS bytes, replayed_at, replayed_by, replay_result
FROM router.dead_letters
WHERE ($1::text IS NULL OR queue = $1)
    AND ($2::text IS NULL OR starts_with(reason, $2))
    AND ($3::text IS NULL OR tenant = $3)
    AND ($4::timestamptz IS NULL OR received_at >= $4)
    AND ($5::timestamptz IS NULL OR (received_at, id) < ($5, $6::text))
    AND ($7::boolean IS NULL OR (replayed_at IS NOT NULL) = $7)
ORDER BY received_at DESC, id DESC
LIMIT $8

-- name: show_dead_letter
-- Read one dead letter whole.
SELECT id, queue, reason, exchange, routing_key, headers, body, message_id, correlation_id,
    broker_user, tenant, idempotency_key, received_at, octet_length(body) AS bytes,
    replayed_at, replayed_by, replay_result
FROM router.dead_letters WHERE id = $1

-- name: find_rejections
-- Find refused commands by tenant and key.
SELECT id, reason, routing_key, received_at, replayed_at, replay_result
FROM router.dead_letters
WHERE tenant = $1 AND idempotency_key = $2
ORDER BY received_at
LIMIT 100
