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
