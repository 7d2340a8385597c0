-- What recipients sent, with the provider's own words: an event has typed fields for what Herald knows,
-- and what it does not know is not lost.

CREATE TABLE router.inbound (
    id uuid PRIMARY KEY,                  -- the event's
    tenant text NOT NULL,                 -- whose inbound event it is
    channel text NOT NULL,
    provider text NOT NULL,
    account text NOT NULL,
    reference text NOT NULL,              -- the provider's id of it
    content text NOT NULL,                -- what kind of message it is
    sender text NOT NULL,                 -- a number in E.164, or the provider's id of a user
    sender_hash bigint NOT NULL,          -- of it, under the deployment's masking key
    occurred_at timestamptz,              -- the provider's clock
    received_at timestamptz NOT NULL DEFAULT now(),
    element json                          -- as the provider sent it; cut beyond 32 KiB
);

CREATE INDEX inbound_received ON router.inbound (received_at);
CREATE INDEX inbound_sender ON router.inbound (sender_hash);
