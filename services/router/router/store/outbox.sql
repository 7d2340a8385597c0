-- name: claim_lapsed
-- Take over rows whose publisher let its claim lapse: the oldest, as many as fit in $4 bytes, and one
-- in any case. The length of a text is known without reading it.
WITH lapsed AS (
    SELECT id, claimed_until, octet_length(frames) AS bytes FROM router.outbox
    WHERE claimed_until < $1::timestamptz
    ORDER BY claimed_until LIMIT $3 FOR UPDATE SKIP LOCKED
),
placed AS (
    SELECT id, sum(bytes) OVER oldest_first AS bytes, row_number() OVER oldest_first AS place
    FROM lapsed WINDOW oldest_first AS (ORDER BY claimed_until, id)
)
UPDATE router.outbox SET claimed_until = $1::timestamptz + $2::interval
WHERE id IN (SELECT id FROM placed WHERE bytes <= $4 OR place = 1)
RETURNING id, frames, created_at

-- name: shorten
-- Leave in a row the messages that were not taken; the others are confirmed.
UPDATE router.outbox SET frames = $2, claimed_until = $3 WHERE id = $1

-- name: delete_rows
-- Delete rows whose messages are all confirmed.
DELETE FROM router.outbox WHERE id = ANY ($1::uuid[])

-- name: count_rows
-- Count the rows, and say how old the oldest is.
SELECT count(*) AS rows, extract(epoch FROM now() - min(created_at))::float AS age_seconds
FROM router.outbox
