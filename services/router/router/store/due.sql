-- name: find_due
-- Find messages with a deadline that has passed: $4 at most by the clock, and by each gate of silence,
-- given by name ($2) with the latest deadline that it lets through ($3). By the clock also the newest:
-- where very many are due at one time, those that become due after them are not behind all of them.
(SELECT id FROM router.messages WHERE due_at <= $1::timestamptz ORDER BY due_at LIMIT $4)
UNION
(SELECT id FROM router.messages WHERE due_at <= $1::timestamptz ORDER BY due_at DESC LIMIT $4 / 4)
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
