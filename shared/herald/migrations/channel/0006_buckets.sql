-- How fast accounts may call: one bucket for each limit, shared by all workers. A limit without a row
-- has a full bucket. Times are the database's.
CREATE TABLE channel.buckets (
    key text PRIMARY KEY,
    next_at timestamptz,         -- the end of the slots taken: at its rate the bucket is full by then
    -- the end of each lane's queue of work that waits for a slot; a place in it takes none
    urgent_at timestamptz,
    normal_at timestamptz,
    bulk_at timestamptz,
    -- what the platform's responses taught
    factor double precision NOT NULL DEFAULT 1,   -- share of the configured rate that is given now
    ceiling double precision NOT NULL DEFAULT 1,  -- the share at which the platform throttled last
    decreased_at timestamptz,
    recovered_at timestamptz,    -- up to when recovery was counted
    probes smallint NOT NULL DEFAULT 0,           -- how often the same ceiling was met again
    blocked_until timestamptz,   -- no slot before it, but for probes
    asked_until timestamptz,     -- what the provider asked for, however long
    probe_at timestamptz,        -- while blocked: when the next call is let through
    backoff smallint NOT NULL DEFAULT 0,
    used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (factor > 0 AND factor <= 1)
) WITH (fillfactor = 50);  -- hot rows: each page keeps room for the next versions of its rows
