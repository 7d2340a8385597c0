-- To whom messages went, so that they are found by a recipient, and by time, without a scan.

-- One row for each address of a message, written with it and never changed: what becomes of a message
-- touches none of these indexes.
CREATE TABLE router.recipients (
    tenant text NOT NULL,
    created_at timestamptz NOT NULL,      -- the message's
    message_id uuid NOT NULL,
    place smallint NOT NULL,              -- 0 for the first of a message's addresses
    address_hash bigint,                  -- under the deployment's masking key; null: was erased before
    PRIMARY KEY (tenant, created_at, message_id, place)
);

CREATE INDEX recipients_address ON router.recipients (tenant, address_hash, created_at, message_id);

-- Few messages end otherwise than well, and those are looked for.
CREATE INDEX messages_unsuccessful ON router.messages (tenant, created_at, id)
    WHERE outcome <> 'succeeded';

-- Which key the hashes are made with, and how far `herald rehash` is.
CREATE TABLE router.masking (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    fingerprint bytea NOT NULL,           -- identifies the key, reveals nothing
    is_complete boolean NOT NULL,         -- whether every message has its hashes
    messages_to uuid,                     -- hashed up to this id; null: from the first
    inbound_to uuid
);
