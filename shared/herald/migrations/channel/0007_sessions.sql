-- Accounts' sessions at their providers: the access token that all workers use, and what the next one
-- is asked for with. What is secret is sealed (AES-256-GCM); the row's id and account are part of the
-- seal, so that it opens in no other row. Times are the database's.
CREATE TABLE channel.sessions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    channel text NOT NULL,
    account text NOT NULL,
    provider text NOT NULL,
    kind text NOT NULL,                  -- the grant by which tokens are obtained
    key_id text,                         -- which key sealed it
    sealed bytea,                        -- null: there are no tokens
    version bigint NOT NULL DEFAULT 0,   -- counts the tokens it has had
    refreshed_at timestamptz,
    expires_at timestamptz,              -- of the access token
    refresh_at timestamptz,              -- from when on the next one is asked for
    lease_holder uuid,                   -- the worker that is asking for it
    lease_until timestamptz,
    tried bigint,                        -- a keyed hash of the configuration it was last asked with
    trouble text,                        -- what the last request came to; null: a token
    is_lasting boolean NOT NULL DEFAULT false,  -- the trouble stays until a person acts
    failures integer NOT NULL DEFAULT 0, -- in a row
    retry_at timestamptz,                -- no request before it
    revoked_at timestamptz,              -- by an operator: no call, no request
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (channel, account),
    UNIQUE (id),
    CHECK ((key_id IS NULL) = (sealed IS NULL))
);
