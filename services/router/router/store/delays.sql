-- name: add_delays
-- Add counted deliveries to those of today. A row's counts are a JSON array of numbers.
INSERT INTO router.delays AS d (provider, channel, country, day, counts)
SELECT provider, channel, country, (clock_timestamp() AT TIME ZONE 'UTC')::date,
    ARRAY(SELECT json_array_elements_text(counts)::bigint)
FROM unnest($1::text[], $2::text[], $3::text[], $4::json[]) AS t (provider, channel, country, counts)
ORDER BY provider, channel, country
ON CONFLICT (provider, channel, country, day) DO UPDATE
SET counts = ARRAY(
    SELECT coalesce(old, 0) + coalesce(more, 0)
    FROM unnest(d.counts, excluded.counts) WITH ORDINALITY AS pair (old, more, place)
    ORDER BY place
)

-- name: read_delays
-- Read what was counted within so many days.
SELECT provider, channel, country, counts FROM router.delays
WHERE day > (clock_timestamp() AT TIME ZONE 'UTC')::date - $1::int

-- name: delete_delays
-- Delete what was counted so many days ago, or before. Returns how many rows there were.
WITH gone AS (
    DELETE FROM router.delays WHERE day <= (clock_timestamp() AT TIME ZONE 'UTC')::date - $1::int
    RETURNING 1
)
SELECT count(*) FROM gone
