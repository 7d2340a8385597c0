-- name: lock_messages
-- Lock messages for a batch of facts, in the order of their ids so that two routers never deadlock.
SELECT id, tenant, idempotency_key, status, outcome, created_at, plan, state,
    erased_at IS NOT NULL AS is_erased
FROM router.messages
WHERE id = ANY ($1::uuid[])
ORDER BY id
FOR NO KEY UPDATE

-- name: find_due
-- Find messages with a deadline that has passed: $4 at most by the clock, and by each gate of silence,
-- given by name ($2) with the latest deadline that it lets through ($3).
(SELECT id FROM router.messages WHERE due_at <= $1::timestamptz ORDER BY due_at LIMIT $4)
UNION
(
    SELECT silent.id
    FROM unnest($2::text[], $3::timestamptz[]) AS gate (name, until)
    CROSS JOIN LATERAL (
        SELECT m.id FROM router.messages AS m
        WHERE m.silence_gate = gate.name AND m.silence_at <= gate.until
        ORDER BY m.silence_at LIMIT $4
    ) AS silent
)

-- name: lock_due
-- Lock those of some messages that are due still; another router's are skipped.
SELECT id, tenant, idempotency_key, status, outcome, created_at, plan, state,
    erased_at IS NOT NULL AS is_erased
FROM router.messages
WHERE id = ANY ($4::uuid[]) AND (
    due_at <= $1::timestamptz
    OR silence_at <= (
        SELECT gate.until FROM unnest($2::text[], $3::timestamptz[]) AS gate (name, until)
        WHERE gate.name = silence_gate
    )
)
ORDER BY id
FOR NO KEY UPDATE SKIP LOCKED

-- name: postpone
-- Look at a message again at $2, whatever its deadlines.
UPDATE router.messages SET due_at = greatest(due_at, $2), silence_at = greatest(silence_at, $2)
WHERE id = $1 AND outcome IS NULL

-- name: insert_messages
-- Accept messages, with the hashes that they are found by; a message whose id or key is taken is left
-- out, not an error.
WITH inserted AS (
    INSERT INTO router.messages (
        id, tenant, idempotency_key, command_hash, cause, due_at, silence_at, silence_gate,
        created_at, plan, content, state
    )
    SELECT
        id, tenant, idempotency_key, command_hash, cause, due_at, silence_at, silence_gate, $8,
        plan, content, state
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[],
        $7::timestamptz[], $9::json[], $10::json[], $11::json[], $12::text[]
    ) AS t (
        id, tenant, idempotency_key, command_hash, cause, due_at, silence_at,
        plan, content, state, silence_gate
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
        state = t.state
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::json[],
        $20::text[]
    ) AS t (id, status, outcome, due_at, silence_at, state, silence_gate)
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
    SELECT $16::uuid, $17::json, $18::timestamptz
    WHERE $17::json IS NOT NULL
)
DELETE FROM router.outbox WHERE id = ANY ($19::uuid[])

-- name: upsert_references
-- Join provider ids to attempts, or park receipts whose attempt is not known yet: each once, at
-- most $6. Returns who each belongs to now and what was parked.
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

-- name: keep_inbound
-- Mark recipients' messages as seen, and keep those that are new and somebody's. Returns the new.
WITH given AS (
    SELECT *
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::bigint[], $10::timestamptz[], $11::json[]
    ) AS t (
        provider, account, reference, id, tenant, channel, content,
        sender, sender_hash, occurred_at, element
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
        sender, sender_hash, occurred_at, element
    )
    SELECT
        id, tenant, channel, provider, account, reference, content,
        sender, sender_hash, occurred_at, element
    FROM given JOIN new USING (provider, account, reference)
    ON CONFLICT DO NOTHING
)
SELECT provider, account, reference FROM new

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

-- name: withdraw
-- Ask to take attempts back; the channel's row answers.
SELECT attempt_id, state, lease_until FROM channel.withdraw($1::text[])

-- name: keep_acts
-- Keep what operators did, one row an act.
INSERT INTO router.audit (broker_user, act, tenant, subject, detail)
SELECT broker_user, act, tenant, subject, detail
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[])
    AS t (broker_user, act, tenant, subject, detail)

-- name: claim_lapsed_outbox
-- Take over outbox rows whose publisher let its claim lapse.
UPDATE router.outbox SET claimed_until = $1::timestamptz + $2::interval
WHERE id IN (
    SELECT id FROM router.outbox WHERE claimed_until < $1::timestamptz
    ORDER BY claimed_until LIMIT $3 FOR UPDATE SKIP LOCKED
)
RETURNING id, frames, created_at

-- name: keep_events
-- Leave in an outbox row the messages that were not taken; the rest of it is confirmed.
UPDATE router.outbox SET frames = $2, claimed_until = $3 WHERE id = $1

-- name: forget_outbox
-- Drop outbox rows whose messages are all confirmed.
DELETE FROM router.outbox WHERE id = ANY ($1::uuid[])

-- name: outbox_backlog
-- Count the rows that wait, and how long the oldest has.
SELECT count(*) AS rows, extract(epoch FROM now() - min(created_at))::float AS age_seconds
FROM router.outbox

-- name: renew_listeners
-- Write how far one router ($1) is, and drop others' rows that lapsed unless they were renewed
-- meanwhile. Returns the others' rows as they were.
WITH renewed AS (
    INSERT INTO router.listeners (router, lane, seen_at, progress, held_at)
    SELECT $1::uuid, lane, clock_timestamp(), progress, held_at
    FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS t (lane, progress, held_at)
    ORDER BY lane
    ON CONFLICT (router, lane) DO UPDATE
    SET seen_at = excluded.seen_at, progress = excluded.progress, held_at = excluded.held_at
),
dropped AS (
    DELETE FROM router.listeners
    WHERE (router, lane, seen_at) IN (SELECT * FROM unnest($5::uuid[], $6::text[], $7::timestamptz[]))
        OR (router = $1::uuid AND lane <> ALL ($2::text[]))
)
SELECT router, lane, seen_at, progress, held_at FROM router.listeners WHERE router <> $1::uuid

-- name: remove_listeners
-- Drop the rows of a router that has stopped.
DELETE FROM router.listeners WHERE router = $1

-- name: load_ingresses
-- Read what is known of every ingress.
SELECT ingress, seen_at, held_at, held_until, has_left, published_until FROM router.ingresses

-- name: save_ingresses
-- Write what ingresses' pulses said, and drop rows of ingresses that others replaced a day ago.
WITH dropped AS (
    DELETE FROM router.ingresses
    WHERE ingress <> ALL ($1::uuid[]) AND seen_at < clock_timestamp() - interval '1 day'
)
INSERT INTO router.ingresses AS i (
    ingress, seen_at, held_at, held_until, has_left, published_until
)
SELECT ingress, seen_at, held_at, held_until, has_left, published_until
FROM unnest(
    $1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::boolean[],
    $6::timestamptz[]
) AS t (ingress, seen_at, held_at, held_until, has_left, published_until)
ORDER BY ingress
ON CONFLICT (ingress) DO UPDATE
SET seen_at = greatest(i.seen_at, excluded.seen_at),
    held_at = CASE WHEN i.held_until > excluded.held_until THEN i.held_at ELSE excluded.held_at END,
    held_until = greatest(i.held_until, excluded.held_until),
    has_left = i.has_left OR excluded.has_left,
    published_until = greatest(i.published_until, excluded.published_until)

-- name: show_message
-- Read one message for the read API.
SELECT id, tenant, idempotency_key, cause, status, outcome, due_at, silence_at, created_at, ended_at, erased_at,
    resent_as, plan, state
FROM router.messages WHERE id = $1

-- name: show_history
-- Read everything that happened to one message, in order.
SELECT fact, note, attempt_id, status, occurred_at, recorded_at
FROM router.history WHERE day = $1 AND message_id = $2
ORDER BY recorded_at, fact
