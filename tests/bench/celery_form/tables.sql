-- The rows that Herald writes on the way from a command to its recorded acceptance, as tables.
DROP SCHEMA IF EXISTS celery_form CASCADE;
CREATE SCHEMA celery_form;

CREATE TABLE celery_form.messages (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    idempotency_key text NOT NULL,
    status text NOT NULL,
    outcome text,
    created_at timestamptz NOT NULL DEFAULT now(),
    plan json NOT NULL,
    content json NOT NULL,
    state json NOT NULL,
    UNIQUE (tenant, idempotency_key)
) WITH (fillfactor = 70);

CREATE TABLE celery_form.history (
    message_id uuid NOT NULL,
    fact text NOT NULL,
    note text NOT NULL,
    status text,
    element json,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, fact)
);

CREATE TABLE celery_form.provider_refs (
    provider text NOT NULL,
    account text NOT NULL,
    reference text NOT NULL,
    attempt_id text,
    PRIMARY KEY (provider, account, reference)
);

CREATE TABLE celery_form.sends (
    attempt_id text PRIMARY KEY,
    state text NOT NULL,
    lease_until timestamptz,
    report json
);
