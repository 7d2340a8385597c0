-- Who gets no more messages, and how that came. Addresses are hashes alone: what is erased of a
-- recipient must not let messages go to them again.

CREATE TABLE router.suppressions (
    tenant text NOT NULL,
    address_hash bigint NOT NULL,         -- under the masking key that `hashed_with` names
    channel text NOT NULL,                -- empty: every channel
    category text NOT NULL,               -- empty: those that the reason stops, as configured
    reason text NOT NULL,
    hashed_with bytea NOT NULL,           -- the start of that key's fingerprint
    source text NOT NULL,                 -- the account that it came by, or the routing key
    cause text NOT NULL,                  -- the command's or the fact's own key
    broker_user text,                     -- who commanded it, where somebody did
    message_id uuid,                      -- the message that led to it, where one did
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant, address_hash, channel, category, reason)
);

CREATE INDEX suppressions_since ON router.suppressions (tenant, since);

-- Insert-only: every change, also those that were undone.
CREATE TABLE router.suppression_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    address_hash bigint NOT NULL,
    channel text NOT NULL,
    category text NOT NULL,
    reason text NOT NULL,
    change text NOT NULL,                 -- suppressed, unsuppressed
    source text NOT NULL,
    cause text NOT NULL,
    broker_user text,
    message_id uuid,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX suppression_history_recipient ON router.suppression_history (tenant, address_hash);
CREATE INDEX suppression_history_recorded ON router.suppression_history (recorded_at);
