-- name: lock_messages
-- Lock messages for a batch of facts, in the order of their ids so that two routers never deadlock.
SELECT id, tenant, idempotency_key, status, outcome, created_at, plan, state,
    erased_at IS NOT NULL AS is_erased
FROM router.messages
WHERE id = ANY ($1::uuid[])
ORDER BY id
FOR NO KEY UPDATE

-- name: insert_messages
-- Accept messages, with the hashes that they are found by; a message whose id or key is taken is left
-- out, not an error.
WITH inserted AS (
    INSERT INTO router.messages (
        id, tenant, idempotency_key, command_hash, cause, due_at, silence_at, silence_gate,
        created_at, plan, content, state, waits_in, waits_since
    )
    SELECT
        id, tenant, idempotency_key, command_hash, cause, due_at, silence_at, silence_gate, $8,
        plan, content, state, waits_in, waits_since
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[],
        $7::timestamptz[], $9::json[], $10::json[], $11::json[], $12::text[],
        $16::text[], $17::timestamptz[]
    ) AS t (
        id, tenant, idempotency_key, command_hash, cause, due_at, silence_at,
        plan, content, state, silence_gate, waits_in, waits_since
    )
    ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING id, tenant
),
found_by AS (
    INSERT INTO router.recipients (tenant, created_at, message_id, place, address_hash)
    SELECT inserted.tenant, $8, inserted.id, t.place, t.address_hash
    FROM unnest($13::uuid[], $14::smallint[], $15::bigint[]) AS t (id, place, address_hash)
    JOIN inserted USING (id)
)
SELECT id FROM inserted

-- name: find_taken
-- Find the messages that hold an id or a key of refused commands.
SELECT id, tenant, idempotency_key, command_hash, cause, status, outcome, plan
FROM router.messages
WHERE id IN (
    SELECT id FROM router.messages WHERE id = ANY ($1::uuid[])
    UNION
    SELECT m.id FROM router.messages AS m
    JOIN unnest($2::text[], $3::text[]) AS t (tenant, idempotency_key)
        ON (m.tenant, m.idempotency_key) = (t.tenant, t.idempotency_key)
)

-- name: find_holders
-- Find messages by their ids, for commands that made them before.
SELECT id, tenant, idempotency_key, command_hash, cause, status, outcome, plan
FROM router.messages
WHERE id = ANY ($1::uuid[])

-- name: find_by_key
-- Find messages by tenant and idempotency key, for commands that name them so.
SELECT id, tenant, idempotency_key
FROM router.messages
WHERE (tenant, idempotency_key) IN (SELECT * FROM unnest($1::text[], $2::text[]))

-- name: load_contents
-- Read what messages say; only one that is about to be handed to a channel, or that a failure's words
-- may quote, needs it.
SELECT id, content FROM router.messages WHERE id = ANY ($1::uuid[])

-- name: save
-- Write a batch's whole outcome: messages, history, its outbox row, and the outbox rows done since.
WITH updated AS (
    UPDATE router.messages AS m
    SET status = t.status::router.message_status,
        outcome = t.outcome::router.outcome,
        due_at = t.due_at,
        silence_at = t.silence_at,
        silence_gate = t.silence_gate,
        ended_at = CASE WHEN t.outcome IS NULL THEN NULL ELSE coalesce(m.ended_at, $7) END,
        state = t.state,
        waits_in = t.waits_in,
        waits_since = t.waits_since,
        unknown_on = t.unknown_on
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::json[],
        $20::text[], $21::text[], $22::timestamptz[], $23::text[]
    ) AS t (
        id, status, outcome, due_at, silence_at, state, silence_gate, waits_in, waits_since,
        unknown_on
    )
    WHERE m.id = t.id
),
recorded AS (
    INSERT INTO router.history (
        day, message_id, fact, note, attempt_id, status, occurred_at, recorded_at, element
    )
    SELECT day, message_id, fact, note, attempt_id, status, occurred_at, $7, element
    FROM unnest(
        $8::date[], $9::uuid[], $10::text[], $11::text[], $12::text[], $13::text[],
        $14::timestamptz[], $15::json[]
    ) AS t (day, message_id, fact, note, attempt_id, status, occurred_at, element)
    ORDER BY day, message_id, fact
    ON CONFLICT DO NOTHING
),
promised AS (
    INSERT INTO router.outbox (id, frames, claimed_until)
    SELECT $16::uuid, $17::text, $18::timestamptz
    WHERE $17::text IS NOT NULL
)
DELETE FROM router.outbox WHERE id = ANY ($19::uuid[])

-- name: lock_ended
-- Lock messages that are to be sent again, so that two operators never send one twice.
SELECT id, tenant, idempotency_key, status, outcome, created_at, plan, state,
    content, command_hash, resent_as, erased_at IS NOT NULL AS is_erased
FROM router.messages
WHERE id = ANY ($1::uuid[])
ORDER BY id
FOR NO KEY UPDATE

-- name: mark_resent
-- Name the messages that took others' places.
UPDATE router.messages AS m SET resent_as = t.resent_as
FROM unnest($1::uuid[], $2::uuid[]) AS t (id, resent_as)
WHERE m.id = t.id
