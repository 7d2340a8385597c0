-- What the router knows. The message row is the aggregate: one locked row, one write a transition.

CREATE SCHEMA router;

CREATE TYPE router.message_status AS ENUM ('queued', 'sent', 'delivered', 'read', 'clicked');
CREATE TYPE router.outcome AS ENUM ('succeeded', 'failed', 'expired', 'cancelled');

CREATE TABLE router.messages (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    idempotency_key text NOT NULL,
    command_hash bytea NOT NULL,          -- of what the producer set: the same key must say the same
    cause text,                           -- the AMQP message id of the command that created it
    status router.message_status NOT NULL DEFAULT 'queued',
    outcome router.outcome,
    due_at timestamptz,                   -- the next deadline the clock alone decides
    silence_at timestamptz,               -- the next deadline that waits for the silence gate
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- json, not jsonb: written and read whole, never searched by the router
    plan json NOT NULL,                   -- steps and all else that never changes
    content json NOT NULL,                -- what each channel of the plan says
    state json NOT NULL,                  -- attempts, deadlines, flags
    UNIQUE (tenant, idempotency_key),
    CHECK ((outcome IS NULL) = (ended_at IS NULL)),
    CHECK (outcome IS NULL OR (due_at IS NULL AND silence_at IS NULL))
) WITH (fillfactor = 70);

CREATE INDEX messages_due ON router.messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_silent ON router.messages (silence_at) WHERE silence_at IS NOT NULL;

-- Every fact about a message, once, and what it led to. Insert-only. `day` is the message's creation
-- day, so that a fact repeated after midnight meets its own row.
CREATE TABLE router.history (
    day date NOT NULL,
    message_id uuid NOT NULL,
    fact text NOT NULL,
    note text NOT NULL,                   -- what it led to, or why it was refused
    attempt_id text,
    status text,
    occurred_at timestamptz,              -- the provider's clock
    recorded_at timestamptz NOT NULL,
    element json,                         -- the provider's own words
    PRIMARY KEY (day, message_id, fact)
) PARTITION BY RANGE (day);

CREATE TABLE router.history_other PARTITION OF router.history DEFAULT;

-- Make the partitions for today and the days after it. A day that the default partition already
-- holds rows of stays there.
CREATE FUNCTION router.make_history_partitions(days int) RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = router, pg_temp
AS $$
DECLARE
    start date;
BEGIN
    FOR start IN SELECT current_date + n FROM generate_series(0, days) AS n LOOP
        IF to_regclass(format('router.history_%s', to_char(start, 'YYYYMMDD'))) IS NULL
            AND NOT EXISTS (SELECT FROM router.history_other WHERE day = start)
        THEN
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS router.history_%s PARTITION OF router.history '
                'FOR VALUES FROM (%L) TO (%L)',
                to_char(start, 'YYYYMMDD'), start, start + 1
            );
        END IF;
    END LOOP;
END;
$$;

SELECT router.make_history_partitions(7);

-- Which attempt a provider's id belongs to. A row without an attempt holds the receipts that came
-- before its acceptance; a row `in:<id>` marks an inbound message as seen.
CREATE TABLE router.provider_refs (
    provider text NOT NULL,
    account text NOT NULL,
    reference text NOT NULL,
    attempt_id text,
    parked json,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, account, reference)
) WITH (fillfactor = 90);

CREATE INDEX provider_refs_parked ON router.provider_refs (created_at) WHERE attempt_id IS NULL AND parked IS NOT NULL;

-- The frames a committed transaction still has to publish, one row a transaction.
CREATE TABLE router.outbox (
    id uuid PRIMARY KEY,
    frames json NOT NULL,
    claimed_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX outbox_lapsed ON router.outbox (claimed_until);

-- What nobody could handle, kept for the operator.
CREATE TABLE router.dead_letters (
    id text PRIMARY KEY,                  -- the frame's id, so that a redelivery is the same row
    queue text NOT NULL,                  -- where it died, or `herald.commands` for a refused command
    reason text NOT NULL,
    exchange text NOT NULL,
    routing_key text NOT NULL,
    headers json NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX dead_letters_received ON router.dead_letters (received_at);

-- One row an attempt, for people.
CREATE VIEW router.attempts AS
SELECT
    messages.id AS message_id,
    messages.tenant,
    messages.id || '.' || (attempt ->> 'step') || '.' || (attempt ->> 'number') AS attempt_id,
    attempt ->> 'channel' AS channel,
    attempt ->> 'provider' AS provider,
    attempt ->> 'account' AS account,
    attempt ->> 'status' AS status,
    attempt ->> 'reached' AS reached,
    attempt -> 'failure' ->> 'class' AS failure_class,
    attempt -> 'failure' ->> 'code' AS failure_code,
    (attempt ->> 'dispatched_at')::timestamptz AS dispatched_at,
    (attempt ->> 'accepted_at')::timestamptz AS accepted_at
FROM router.messages, json_array_elements(messages.state -> 'attempts') AS attempt;

-- Everything that happened to a message, in order, for people.
CREATE VIEW router.timeline AS
SELECT message_id, recorded_at, occurred_at, attempt_id, status, fact, note
FROM router.history
ORDER BY recorded_at, fact;
