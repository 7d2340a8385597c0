-- What channels know of each attempt. One row arbitrates between a worker that wants to make the
-- call and the router that wants to take the attempt back: the first insert wins.

CREATE SCHEMA channel;

CREATE TYPE channel.send_state AS ENUM (
    'withdrawn',  -- the router took it back: no call will be made
    'started',    -- a worker claimed it and may be calling the provider until lease_until
    'unknown',    -- the lease ended without an outcome, or the call was cut short
    'recorded'    -- the outcome is known and stands in report
);

CREATE TABLE channel.sends (
    attempt_id text PRIMARY KEY,
    state channel.send_state NOT NULL,
    channel text,
    provider text,
    account text,
    lease_until timestamptz,
    -- the last report on it, as published: json, not jsonb, so that a republish is the same bytes
    report json,
    published boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (state = 'withdrawn' OR (channel IS NOT NULL AND provider IS NOT NULL AND account IS NOT NULL)),
    CHECK (state <> 'started' OR lease_until IS NOT NULL),
    CHECK (state NOT IN ('unknown', 'recorded') OR report IS NOT NULL)
) WITH (fillfactor = 80);

CREATE INDEX sends_leases ON channel.sends (channel, lease_until) WHERE state = 'started';
CREATE INDEX sends_unpublished ON channel.sends (channel, updated_at) WHERE NOT published;

-- Take attempts back on behalf of the router: insert each as withdrawn, or learn who was first.
-- The second statement has its own snapshot, so it sees a claim that the insert waited for.
CREATE FUNCTION channel.withdraw(ids text[])
    RETURNS TABLE (attempt_id text, state channel.send_state, lease_until timestamptz)
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = channel, pg_temp
AS $$
BEGIN
    INSERT INTO channel.sends (attempt_id, state)
    SELECT wanted, 'withdrawn'::channel.send_state FROM unnest(ids) AS wanted ORDER BY wanted
    ON CONFLICT DO NOTHING;
    RETURN QUERY
    SELECT sends.attempt_id, sends.state, sends.lease_until
    FROM channel.sends WHERE sends.attempt_id = ANY (ids);
END;
$$;
