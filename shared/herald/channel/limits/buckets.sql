-- name: draw
-- Take slots of buckets at once, as far as they are there, and places in the queues of those buckets
-- for what is not served. $1 the lane, $2 the part of a full bucket that it leaves, $3 the share of
-- the rate at which its queue moves while a lower lane waits; then one element for each bucket: its key,
-- rate and burst; `holders` have waited their turn, `newcomers` go behind those that wait, `queued` of
-- them take a place where no slot is there, `extra` slots are for the next moments; slots up to `ahead`
-- seconds from now may be taken.
--
-- All is counted in seconds from the clock of the statement, read once a row has its lock. A slot costs
-- `gap`; the bucket is full at 0, and `start` is how far it is drawn. An extra slot may be used `keep`
-- seconds from now, so it is never earlier than that in the row's account.
-- Returns a row for each bucket, but for one whose row somebody else made at the same moment.
--
-- It does not wait for the disk: the claim of each call does, which comes behind it in the same log.
WITH asked AS MATERIALIZED (
    SELECT t.* FROM set_config('synchronous_commit', 'off', true), unnest(
        $4::text[], $5::float8[], $6::float8[], $7::int[], $8::int[], $9::int[], $10::int[], $11::float8[]
    ) AS t (key, rate, burst, holders, newcomers, queued, extra, ahead)
), locked AS (
    SELECT key, next_at, factor, decreased_at, blocked_until, asked_until, probe_at,
        CASE $1 WHEN 'urgent' THEN urgent_at WHEN 'normal' THEN normal_at ELSE bulk_at END AS queue_at,
        CASE $1 WHEN 'urgent' THEN greatest(normal_at, bulk_at) WHEN 'normal' THEN bulk_at END AS lower_at
    FROM channel.buckets WHERE key = ANY ($4::text[]) ORDER BY key FOR UPDATE
), timed AS MATERIALIZED (
    SELECT key, holders, newcomers, queued, extra, clock_timestamp() AS now, locked.key IS NULL AS is_new,
        next_at, queue_at, lower_at, blocked_until, asked_until, probe_at, coalesce(factor, 1) AS factor,
        -- the queue of a limit that opens moves as it will in two seconds, not as it does now
        CASE WHEN factor < 1 AND decreased_at IS NULL THEN least(factor * 4, 1) ELSE coalesce(factor, 1) END
            AS expected,
        1 / (rate * coalesce(factor, 1)) AS gap,
        -- a platform that throttles may take less at once, too: a pause earns little then
        greatest(burst * coalesce(factor, 1) * CASE WHEN factor < 1 THEN 0.25 ELSE 1 END, 1) AS width,
        CASE WHEN factor < 1 THEN greatest(ahead, 0.1) ELSE ahead END AS ahead
    FROM asked LEFT JOIN locked USING (key)
), measured AS MATERIALIZED (
    SELECT *,
        greatest(width * (1 - $2), 1) * gap AS room,
        floor(width / 2) * gap AS half,
        least(0.2, (width - 1) * gap) AS keep,
        greatest(least(
            coalesce(extract(epoch FROM next_at - now)::float8, 0),
            width * gap + ahead  -- more was never taken: the clock or the limit was changed
        ), 0) AS start,
        least(greatest(coalesce(extract(epoch FROM queue_at - now)::float8, 0), 0), 3600) AS queue,
        greatest(coalesce(extract(epoch FROM blocked_until - now)::float8, 0), 0) AS blocked,
        greatest(coalesce(extract(epoch FROM asked_until - now)::float8, 0), 0) AS asked_for
    FROM timed
), served AS MATERIALIZED (
    SELECT *, blocked > 0 AND coalesce(probe_at <= now, false) AND holders + newcomers > 0
            AS is_probe,
        CASE WHEN blocked > 0 THEN 0
            ELSE least(holders, greatest(floor((ahead + room - start) / gap + 1e-6), 0)) END AS held
    FROM measured
), granted AS MATERIALIZED (
    SELECT *, CASE
        WHEN blocked > 0 THEN is_probe::int
        WHEN queue > 0.05 THEN  -- not before those that wait, unless these leave much
            least(newcomers, greatest(floor((half - start) / gap + 1e-6) - held, 0))
        ELSE least(newcomers, greatest(floor((ahead + room - start) / gap + 1e-6) - held, 0))
        END AS new
    FROM served
), kept AS MATERIALIZED (
    SELECT *, start + (held + new) * gap AS drawn,
        CASE WHEN blocked > 0 OR held + new < holders + newcomers THEN 0 ELSE least(
            extra, greatest(floor((half - greatest(start + (held + new) * gap, keep)) / gap + 1e-6), 0)
        ) END AS spare
    FROM granted
), placed AS MATERIALIZED (
    SELECT *, CASE WHEN spare > 0 THEN greatest(drawn, keep) + spare * gap ELSE drawn END AS ends,
        greatest(least(queued, newcomers - new), 0) AS places,
        gap * factor / expected / CASE WHEN lower_at > now THEN $3::float8 ELSE 1 END AS pace
    FROM kept
), turned AS MATERIALIZED (
    SELECT *, now + ends * interval '1 s' AS end_at, greatest(queue, blocked, ends + gap - room, 0) AS turn
    FROM placed
), queued AS MATERIALIZED (
    SELECT *, CASE WHEN places > 0 THEN now + (turn + places * pace) * interval '1 s' ELSE queue_at END
        AS queue_end
    FROM turned
), updated AS (
    UPDATE channel.buckets AS b
    SET next_at = q.end_at, used_at = q.now,
        urgent_at = CASE WHEN $1 = 'urgent' THEN q.queue_end ELSE b.urgent_at END,
        normal_at = CASE WHEN $1 = 'normal' THEN q.queue_end ELSE b.normal_at END,
        bulk_at = CASE WHEN $1 = 'bulk' THEN q.queue_end ELSE b.bulk_at END,
        probe_at = CASE
            WHEN q.blocked = 0 THEN NULL
            WHEN q.is_probe OR q.probe_at IS NULL THEN q.now + interval '60 s'
            ELSE q.probe_at END
    FROM queued AS q WHERE b.key = q.key AND NOT q.is_new
    RETURNING b.key
), inserted AS (
    INSERT INTO channel.buckets (key, next_at, urgent_at, normal_at, bulk_at, used_at)
    SELECT key, end_at, CASE WHEN $1 = 'urgent' THEN queue_end END,
        CASE WHEN $1 = 'normal' THEN queue_end END, CASE WHEN $1 = 'bulk' THEN queue_end END, now
    FROM queued WHERE is_new ORDER BY key
    ON CONFLICT DO NOTHING
    RETURNING key
)
SELECT key, (held + new)::int AS taken, spare::int, start + gap - room AS first, gap, keep, end_at,
    places::int, turn, pace, greatest(ends + gap - room, blocked, 0) AS free,
    coalesce(extract(epoch FROM queue_end - now)::float8, 0) AS queue, blocked, asked_for, is_probe, factor,
    least(ends / (width * gap), 1) AS used
FROM queued WHERE key IN (SELECT key FROM updated UNION ALL SELECT key FROM inserted)

-- name: give_back
-- Give slots back that no call used, if they are the newest of their bucket.
UPDATE channel.buckets AS b SET next_at = next_at - t.seconds * interval '1 s'
FROM (
    SELECT key, ends, seconds FROM unnest($1::text[], $2::timestamptz[], $3::float8[])
        AS u (key, ends, seconds)
    ORDER BY key
) AS t
WHERE b.key = t.key AND b.next_at = t.ends

-- name: delete_idle
-- Delete the rows of buckets that are full and hold nothing learned: without a row a bucket is full.
-- Returns them, a batch at most.
DELETE FROM channel.buckets WHERE key IN (
    SELECT key FROM channel.buckets
    WHERE used_at < clock_timestamp() - $1::interval AND coalesce(next_at < clock_timestamp(), true)
        AND coalesce(greatest(urgent_at, normal_at, bulk_at) < clock_timestamp(), true)
        AND (factor = 1 OR used_at < clock_timestamp() - interval '1 day')
        AND coalesce(greatest(asked_until, blocked_until) < clock_timestamp() - interval '10 min', true)
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING key
