-- name: take_turn
-- Let one router measure; the others wait for $1, or until it is done.
UPDATE router.measurement SET next_at = clock_timestamp() + $1::interval
WHERE next_at <= clock_timestamp()
RETURNING clock_timestamp() AS began_at

-- name: find_oldest
-- Find since when the oldest work of each queue waits: the head of each queue's part of the index.
SELECT queue, (
    SELECT min(waits_since) FROM router.messages WHERE waits_in = queue AND outcome IS NULL
) AS since
FROM unnest($1::text[]) AS queue

-- name: count_waiting
-- Count the work of each queue, $2 at most.
SELECT queue, (
    SELECT count(*) FROM (
        SELECT FROM router.messages WHERE waits_in = queue AND outcome IS NULL LIMIT $2
    ) AS waiting
) AS number
FROM unnest($1::text[]) AS queue

-- name: count_unknown
-- Count attempts whose results are unknown, by channel, of $1 messages at most.
SELECT channel, count(*) AS number
FROM (
    SELECT unknown_on FROM router.messages
    WHERE unknown_on IS NOT NULL AND outcome IS NULL LIMIT $1
) AS unsure, string_to_table(unknown_on, ' ') AS channel
GROUP BY channel

-- name: count_open
-- Count messages without outcome, $1 at most. Each has a deadline.
SELECT count(*) FROM (
    SELECT FROM router.messages WHERE due_at IS NOT NULL LIMIT $1
) AS under_way

-- name: keep
-- Keep what was measured, unless another router has measured since; the next turn is after $3.
UPDATE router.measurement
SET measured_at = $1::timestamptz, figures = $2, next_at = clock_timestamp() + $3::interval
WHERE measured_at IS NULL OR measured_at < $1::timestamptz

-- name: read
-- Read what was measured last, and how old it is.
SELECT measured_at, figures, clock_timestamp() AS now FROM router.measurement
