-- name: renew_listeners
-- Write how far one router ($1) is, and drop others' rows that lapsed unless they were renewed
-- meanwhile. Returns the others' rows as they were.
WITH renewed AS (
    INSERT INTO router.listeners (router, lane, seen_at, progress, held_at, reads_batches)
    SELECT $1::uuid, lane, clock_timestamp(), progress, held_at, true
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
