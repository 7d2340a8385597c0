-- Erasing what is known of a recipient. Beside each erasure stands how far it is, so that any router
-- goes on where another stopped.

CREATE TABLE router.erasures (
    id uuid PRIMARY KEY,
    tenant text,                          -- whose data; null: every tenant's
    cause text NOT NULL,                  -- the command's: the same one again is the same erasure
    routing_key text NOT NULL,
    correlation_id text,
    broker_user text,
    addresses text[] NOT NULL,            -- what is searched for; emptied at the end
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    step int NOT NULL DEFAULT 0,          -- what is done next
    place json NOT NULL DEFAULT '[]',     -- how far that is
    erased json NOT NULL DEFAULT '{}',    -- how many rows so far, by table
    waits_for text,                       -- what keeps it from its end, for people
    look_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);

CREATE INDEX erasures_pending ON router.erasures (look_at) WHERE finished_at IS NULL;
CREATE INDEX erasures_finished ON router.erasures (finished_at) WHERE finished_at IS NOT NULL;

-- Up to when all that an ingress took is published; null: it keeps nothing on its disk.
ALTER TABLE router.ingresses ADD COLUMN published_until timestamptz;
