-- Forgetting with time: first what messages say and to whom, later the messages.

-- Since when a message's contents and addresses are gone.
ALTER TABLE router.messages ADD COLUMN erased_at timestamptz;

CREATE INDEX messages_to_erase ON router.messages (ended_at)
    WHERE ended_at IS NOT NULL AND erased_at IS NULL;
CREATE INDEX messages_to_delete ON router.messages (ended_at) WHERE erased_at IS NOT NULL;
CREATE INDEX provider_refs_created ON router.provider_refs (created_at);

-- Drop the history of one day. Its caller has seen that no message of that day is left. It gives up
-- soon when others use the table, for meanwhile everybody else waits behind it.
CREATE FUNCTION router.drop_history_partition(day date) RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = router, pg_temp
    SET lock_timeout = '200ms'
AS $$
BEGIN
    IF day >= (clock_timestamp() AT TIME ZONE 'UTC')::date - 1 THEN
        RAISE EXCEPTION 'messages of % may be under way', day;
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS router.history_%s', to_char(day, 'YYYYMMDD'));
END;
$$;
REVOKE EXECUTE ON FUNCTION router.drop_history_partition(date) FROM PUBLIC;
