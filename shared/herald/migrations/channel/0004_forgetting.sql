-- What is left of attempts when the router forgets their messages. The router owns that clock; the
-- rows are the channels', so it asks by these functions.

-- Erase what reports say of attempts that are over. Each row stays, as withdrawn, so that work that
-- comes again is not done again. Returns the attempts that are not over: a call may be under way, or
-- its report was not heard within a day.
CREATE FUNCTION channel.erase(ids text[]) RETURNS SETOF text
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = channel, pg_temp
AS $$
BEGIN
    PERFORM FROM channel.sends WHERE sends.attempt_id = ANY (ids) ORDER BY sends.attempt_id FOR UPDATE;
    UPDATE channel.sends
    SET state = 'withdrawn', report = NULL, lease_until = NULL, claimant = NULL, published = true
    WHERE sends.attempt_id = ANY (ids) AND state <> 'withdrawn' AND (
        (state <> 'started' AND published)
        OR greatest(lease_until, updated_at) < clock_timestamp() - interval '1 day'
    );
    RETURN QUERY
    SELECT sends.attempt_id FROM channel.sends
    WHERE sends.attempt_id = ANY (ids) AND sends.state <> 'withdrawn';
END;
$$;
REVOKE EXECUTE ON FUNCTION channel.erase(text[]) FROM PUBLIC;

-- Delete the rows of attempts whose messages are deleted. Returns how many there were.
CREATE FUNCTION channel.remove(ids text[]) RETURNS bigint
    LANGUAGE sql
    SECURITY DEFINER
    SET search_path = channel, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM channel.sends
        WHERE attempt_id IN (
            SELECT sends.attempt_id FROM channel.sends WHERE sends.attempt_id = ANY (ids)
            ORDER BY sends.attempt_id FOR UPDATE
        )
        RETURNING attempt_id
    )
    SELECT count(*) FROM gone;
$$;
REVOKE EXECUTE ON FUNCTION channel.remove(text[]) FROM PUBLIC;
