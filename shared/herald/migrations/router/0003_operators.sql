-- What operators did, and what they need: messages sent again, dead letters replayed and found.

-- One row an act. Insert-only.
CREATE TABLE router.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    broker_user text NOT NULL,            -- who; of a read the token's name, as `token:<name>`
    act text NOT NULL,                    -- the command's routing key, or what was read
    tenant text,
    subject text,                         -- the id of the message or dead letter
    detail json NOT NULL                  -- never an address, nor what a message says
);

CREATE INDEX audit_at ON router.audit (at);
CREATE INDEX audit_subject ON router.audit (subject);

-- The message that took this one's place; its own id is computed from this one's.
ALTER TABLE router.messages ADD COLUMN resent_as uuid;

ALTER TABLE router.dead_letters
    ADD COLUMN tenant text,               -- of a command, where it can be read and is its user's
    ADD COLUMN idempotency_key text,      -- likewise, or what stands in for it
    ADD COLUMN message_id text,           -- the frame's AMQP properties, so that a replay is the same
    ADD COLUMN correlation_id text,
    ADD COLUMN broker_user text,
    ADD COLUMN replayed_at timestamptz,
    ADD COLUMN replayed_by text,
    ADD COLUMN replay_cause text,         -- the command that replayed it last
    ADD COLUMN replay_result text;        -- null while it is under way

CREATE INDEX dead_letters_named ON router.dead_letters (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
