-- What workers know of the ways out, shared by all replicas: how each egress member gets on with each
-- provider's server. Times are the database's.
CREATE TABLE channel.egress (
    egress text NOT NULL,    -- a member, as herald.toml names it
    server text NOT NULL,    -- host and port
    code text,               -- why it is in quarantine; null while calls go by it
    since timestamptz NOT NULL DEFAULT clock_timestamp(),  -- when it went there or came back
    pause interval,          -- from a failed check to the next one
    check_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- from when on one worker checks it
    PRIMARY KEY (egress, server),
    CHECK (code IS NULL OR pause IS NOT NULL)
);

-- Members that an operator drains: no new call goes by them.
CREATE TABLE channel.egress_drains (
    egress text PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
