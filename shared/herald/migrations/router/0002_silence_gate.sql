-- Silence is judged up to what every router has handled. What each one says of that stands here, so
-- that one which hangs, or lost a server, keeps the others from taking its receipts for silence.

-- Which gate a message's silence deadline waits for: its lane's, or its lane's and ingress's. Empty:
-- written by a router that knew no gates; it waits for all.
ALTER TABLE router.messages ADD COLUMN silence_gate text NOT NULL DEFAULT '';
CREATE INDEX messages_silent_by_gate ON router.messages (silence_gate, silence_at) WHERE silence_at IS NOT NULL;

-- One row a router and lane of receipts.
CREATE TABLE router.listeners (
    router uuid NOT NULL,
    lane text NOT NULL,
    seen_at timestamptz NOT NULL,         -- when it last wrote its row
    progress timestamptz,                 -- sending time of the newest pulse it handled, with all before
    held_at timestamptz,                  -- while some of its receipts may be back in the queue: no further
    PRIMARY KEY (router, lane)
) WITH (fillfactor = 50);

-- One row an ingress, as known from its pulses.
CREATE TABLE router.ingresses (
    ingress uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL,         -- how far the receipts were when its last pulse was handled
    held_at timestamptz,                  -- after it published nothing for a while: silence no further
    held_until timestamptz,               -- until then
    has_left boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
