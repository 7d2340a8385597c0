-- A report is published by its work until that is acknowledged: work that comes again finds the report
-- in the row. So a row is the sweeper's only where no work will come again.

-- Whether the work of a claim under way came a second time and was acknowledged. Workers of an earlier
-- version don't say so.
ALTER TABLE channel.sends ADD COLUMN redelivered boolean NOT NULL DEFAULT false;

-- Whoever asks for an attempt has not heard of it: a report that was published a while ago is published
-- again.
CREATE OR REPLACE FUNCTION channel.withdraw(ids text[])
    RETURNS TABLE (attempt_id text, state channel.send_state, lease_until timestamptz)
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = channel, pg_temp
AS $$
BEGIN
    INSERT INTO channel.sends (attempt_id, state)
    SELECT wanted, 'withdrawn'::channel.send_state FROM unnest(ids) AS wanted ORDER BY wanted
    ON CONFLICT DO NOTHING;
    UPDATE channel.sends SET published = false
    WHERE sends.attempt_id IN (
        SELECT sends.attempt_id FROM channel.sends
        WHERE sends.attempt_id = ANY (ids) AND sends.state IN ('unknown', 'recorded')
            AND published AND updated_at < clock_timestamp() - interval '10 seconds'
        ORDER BY sends.attempt_id FOR UPDATE
    );
    RETURN QUERY
    SELECT sends.attempt_id, sends.state, sends.lease_until
    FROM channel.sends WHERE sends.attempt_id = ANY (ids);
END;
$$;
