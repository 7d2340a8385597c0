-- name: claim_retention
-- Let one router at a time delete; true when it is this one's turn, until the transaction ends.
SELECT pg_try_advisory_xact_lock(x'68726574'::int)

-- name: lock_to_erase
-- Lock messages that ended $1 ago and whose contents are there still; those in use are skipped.
SELECT id FROM router.messages
WHERE ended_at < (SELECT clock_timestamp()) - $1::interval AND erased_at IS NULL
ORDER BY ended_at LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED

-- name: erase_messages
-- Erase what messages say, to whom, and what their producers and providers wrote. Returns the
-- attempts and the creation day of each.
UPDATE router.messages
SET content = '{}',
    command_hash = '',
    plan = (
        plan::jsonb - ARRAY['recipient_name', 'correlation_id', 'metadata'] || jsonb_build_object(
            'steps',
            (
                SELECT jsonb_agg(step || '{"address": ""}' ORDER BY place)
                FROM jsonb_array_elements(plan::jsonb -> 'steps')
                    WITH ORDINALITY AS every (step, place)
            )
        )
    )::json,
    state = jsonb_set(
        state::jsonb,
        '{attempts}',
        (
            SELECT coalesce(
                jsonb_agg((attempt - 'reference') #- '{failure,text}' ORDER BY place), '[]'
            )
            FROM jsonb_array_elements(state::jsonb -> 'attempts')
                WITH ORDINALITY AS every (attempt, place)
        )
    )::json,
    erased_at = clock_timestamp()
WHERE id = ANY ($1::uuid[])
RETURNING
    id,
    (created_at AT TIME ZONE 'UTC')::date AS day,
    ARRAY(
        SELECT id || '.' || (attempt ->> 'step') || '.' || (attempt ->> 'number')
        FROM json_array_elements(state -> 'attempts') AS attempt
    ) AS attempts

-- name: erase_elements
-- Erase providers' words from the history of messages of one day; who commanded stays. Returns how
-- many facts had some.
WITH emptied AS (
    UPDATE router.history SET element = NULL
    WHERE day = $1 AND message_id = ANY ($2::uuid[])
        AND element IS NOT NULL AND fact LIKE 'receipt:%'
    RETURNING 1
)
SELECT count(*) FROM emptied

-- name: erase_attempts
-- Erase what channels keep of attempts. Returns those that are not over.
SELECT attempt_id FROM channel.erase($1::text[]) AS attempt_id

-- name: delete_messages
-- Delete messages that ended $1 ago and whose contents are gone, and what they were found by. Returns
-- their attempts.
WITH gone AS (
    DELETE FROM router.messages
    WHERE id IN (
        SELECT id FROM router.messages
        WHERE ended_at < (SELECT clock_timestamp()) - $1::interval AND erased_at IS NOT NULL
        ORDER BY ended_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id, tenant, created_at, state
),
found_by AS (
    DELETE FROM router.recipients AS r USING gone
    WHERE (r.tenant, r.created_at, r.message_id) = (gone.tenant, gone.created_at, gone.id)
)
SELECT ARRAY(
    SELECT id || '.' || (attempt ->> 'step') || '.' || (attempt ->> 'number')
    FROM json_array_elements(state -> 'attempts') AS attempt
) AS attempts
FROM gone

-- name: remove_attempts
-- Delete what channels keep of attempts. Returns how many there were.
SELECT channel.remove($1::text[])

-- name: list_history_partitions
-- List the days before $1 ago that have a partition of the history, the oldest first.
SELECT day FROM (
    SELECT to_date(right(partition.relname, 8), 'YYYYMMDD') AS day
    FROM pg_inherits
    JOIN pg_class AS partition ON partition.oid = inhrelid
    WHERE inhparent = 'router.history'::regclass AND partition.relname ~ '^history_[0-9]{8}$'
) AS partitions
WHERE day < (clock_timestamp() AT TIME ZONE 'UTC' - $1::interval)::date
ORDER BY day

-- name: next_history_day
-- Find the first day of history after $2 and before $1 ago.
SELECT min(day) FROM router.history
WHERE day > $2::date AND day < (clock_timestamp() AT TIME ZONE 'UTC' - $1::interval)::date

-- name: look_at_history
-- Read whose history of a day comes from an id ($2) on, and whether each message is there still.
SELECT DISTINCT ON (message_id)
    message_id, EXISTS (SELECT FROM router.messages WHERE id = message_id) AS is_kept
FROM (
    SELECT message_id FROM router.history
    WHERE day = $1 AND message_id >= $2::uuid
    ORDER BY message_id LIMIT $3
) AS page
ORDER BY message_id

-- name: delete_history
-- Delete the history of messages of one day. Returns how many rows there were.
WITH gone AS (
    DELETE FROM router.history WHERE day = $1 AND message_id = ANY ($2::uuid[]) RETURNING 1
)
SELECT count(*) FROM gone

-- name: drop_history_partition
-- Drop the partition of a day of which no message is left.
SELECT router.drop_history_partition($1::date)

-- name: delete_dead_letters
-- Delete dead letters that came $1 ago. Returns how many there were.
WITH gone AS (
    DELETE FROM router.dead_letters
    WHERE id IN (
        SELECT id FROM router.dead_letters
        WHERE received_at < (SELECT clock_timestamp()) - $1::interval
        ORDER BY received_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    RETURNING 1
)
SELECT count(*) FROM gone

-- name: delete_inbound
-- Delete what recipients sent $1 ago. Returns how many there were.
WITH gone AS (
    DELETE FROM router.inbound
    WHERE id IN (
        SELECT id FROM router.inbound
        WHERE received_at < (SELECT clock_timestamp()) - $1::interval
        ORDER BY received_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    RETURNING 1
)
SELECT count(*) FROM gone

-- name: delete_conversations
-- Delete what is known of recipients who wrote last $1 ago. Returns how many there were.
WITH gone AS (
    DELETE FROM router.conversations
    WHERE (tenant, channel, address_hash, account, own_address) IN (
        SELECT tenant, channel, address_hash, account, own_address FROM router.conversations
        WHERE last_at < (SELECT clock_timestamp()) - $1::interval
        ORDER BY last_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    RETURNING 1
)
SELECT count(*) FROM gone

-- name: delete_suppression_history
-- Delete changes of suppressions that were recorded $1 ago. Returns how many there were.
WITH gone AS (
    DELETE FROM router.suppression_history
    WHERE id IN (
        SELECT id FROM router.suppression_history
        WHERE recorded_at < (SELECT clock_timestamp()) - $1::interval
        ORDER BY recorded_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    RETURNING 1
)
SELECT count(*) FROM gone

-- name: delete_erasures
-- Delete erasures that were finished $1 ago. Returns how many there were.
WITH gone AS (
    DELETE FROM router.erasures
    WHERE id IN (
        SELECT id FROM router.erasures
        WHERE finished_at < (SELECT clock_timestamp()) - $1::interval
        ORDER BY finished_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    RETURNING 1
)
SELECT count(*) FROM gone

-- name: look_at_references
-- Read references that came $1 ago, from $2 on, but those of messages under way. `looked_at` is the
-- time of the last one.
WITH page AS (
    SELECT provider, account, reference, attempt_id, created_at FROM router.provider_refs
    WHERE created_at < (SELECT clock_timestamp()) - $1::interval AND created_at >= $2::timestamptz
    ORDER BY created_at LIMIT $3
)
SELECT
    array_agg(provider) FILTER (WHERE is_over) AS providers,
    array_agg(account) FILTER (WHERE is_over) AS accounts,
    array_agg(reference) FILTER (WHERE is_over) AS names,
    max(created_at) AS looked_at,
    count(*) AS looked
FROM (
    SELECT page.*, NOT EXISTS (
        SELECT FROM router.messages
        WHERE id = split_part(page.attempt_id, '.', 1)::uuid AND outcome IS NULL
    ) AS is_over
    FROM page
) AS judged

-- name: delete_references
-- Delete references; one that is in use is left for the next time. Returns how many there were.
WITH gone AS (
    DELETE FROM router.provider_refs
    WHERE (provider, account, reference) IN (
        SELECT r.provider, r.account, r.reference
        FROM router.provider_refs AS r
        JOIN unnest($1::text[], $2::text[], $3::text[]) AS t (provider, account, reference)
            ON (r.provider, r.account, r.reference) = (t.provider, t.account, t.reference)
        FOR UPDATE OF r SKIP LOCKED
    )
    RETURNING 1
)
SELECT count(*) FROM gone
