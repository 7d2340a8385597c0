-- The backlog: messages whose next step waits until its queue has room for it.

-- `waits_in` says where a message waits: `outbound.<channel>.<lane>` is the queue that its work is in,
-- `returned.<channel>.<lane>` means that a worker gave the work back and it is handed out again later,
-- `backlog.<channel>.<lane>` that nothing is dispatched yet. `waits_since` orders each of them.
-- A router of an earlier version writes the first of these only, and starts what waits at once.
CREATE INDEX messages_backlog ON router.messages (waits_in, tenant, waits_since, id)
    WHERE waits_in LIKE 'backlog.%' AND outcome IS NULL;

-- How many messages may wait in a queue of work, and who looks after it: one router at a time.
CREATE TABLE router.windows (
    queue text PRIMARY KEY,
    size int NOT NULL,                    -- messages
    depth int NOT NULL DEFAULT 0,         -- that were in the queue at the last look
    released int NOT NULL DEFAULT 0,      -- of the backlog, that are let in at that look
    drained double precision,             -- messages a second, as far as that is known
    has_backlog boolean NOT NULL DEFAULT false,  -- more wait than that
    last_tenant text NOT NULL DEFAULT '', -- whose turn was last
    looks bigint NOT NULL DEFAULT 0,      -- counts them
    looked_at timestamptz,
    claim uuid,                           -- of the router that looks after it
    claimed_until timestamptz NOT NULL DEFAULT '-infinity'
);
