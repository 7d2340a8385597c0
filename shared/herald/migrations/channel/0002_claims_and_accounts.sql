-- Who claimed an attempt: a claim whose answer was lost is known again by its token. Workers of 0.1
-- give none.
ALTER TABLE channel.sends ADD COLUMN claimant uuid;

-- What workers and operators know of accounts, shared by all replicas. An account without a row is
-- up. Times are the database's.
CREATE TABLE channel.accounts (
    channel text NOT NULL,
    account text NOT NULL,
    provider text NOT NULL,
    trouble text,            -- why it is down; null while it is up
    code text,               -- of the failure that put it down
    since timestamptz NOT NULL DEFAULT clock_timestamp(),  -- when it went down or came back
    pause interval,          -- from a failed probe to the next one
    probe_at timestamptz,    -- from when on one worker may try a call
    paused boolean NOT NULL DEFAULT false,                 -- by an operator
    paused_since timestamptz,
    PRIMARY KEY (channel, account),
    CHECK (trouble IS NULL OR (pause IS NOT NULL AND probe_at IS NOT NULL))
);
