-- When each recipient wrote last to each of our numbers: for a while after that, and no longer, some
-- channels take a text.

CREATE TABLE router.conversations (
    tenant text NOT NULL,                 -- whose inbound events they are
    channel text NOT NULL,
    address_hash bigint NOT NULL,         -- the recipient's, under the deployment's masking key
    account text NOT NULL,                -- which they wrote to
    own_address text NOT NULL,            -- our number or address; empty where the provider names none
    last_at timestamptz NOT NULL,         -- of their latest message: the provider's clock, never ahead of ours
    inbound_id uuid NOT NULL,             -- of that message
    closed_at timestamptz,                -- when a text was dispatched that was refused as too late
    PRIMARY KEY (tenant, channel, address_hash, account, own_address)
) WITH (fillfactor = 80);

CREATE INDEX conversations_last ON router.conversations (last_at);

-- What came before, without a lock: what may come meanwhile is looked at again below.
INSERT INTO router.conversations (
    tenant, channel, address_hash, account, own_address, last_at, inbound_id
)
SELECT DISTINCT ON (tenant, channel, sender_hash, account)
    tenant, channel, sender_hash, account, '', coalesce(occurred_at, received_at), id
FROM router.inbound
WHERE received_at > now() - interval '2 days'
    AND content NOT IN ('edited', 'deleted', 'address_changed', 'preference')
ORDER BY tenant, channel, sender_hash, account, coalesce(occurred_at, received_at) DESC;

-- from here on nobody writes to router.inbound, for a moment
ALTER TABLE router.inbound
    ADD COLUMN own_address text NOT NULL DEFAULT '',    -- ours that it came to, where the provider names it
    ADD COLUMN in_group boolean NOT NULL DEFAULT false; -- written to several, not to us alone

-- A trigger, so that in a rolling deployment what routers of an earlier version take is kept, too. What
-- came late or out of order never moves a conversation back.
CREATE FUNCTION router.keep_conversations() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = router, pg_temp
AS $$
BEGIN
    INSERT INTO router.conversations AS c (
        tenant, channel, address_hash, account, own_address, last_at, inbound_id
    )
    SELECT DISTINCT ON (tenant, channel, sender_hash, account, own_address)
        tenant, channel, sender_hash, account, own_address, said_at, id
    FROM (
        SELECT *, least(coalesce(occurred_at, received_at), clock_timestamp()) AS said_at FROM added
    ) AS said
    WHERE NOT in_group AND content NOT IN ('edited', 'deleted', 'address_changed', 'preference')
    ORDER BY tenant, channel, sender_hash, account, own_address, said_at DESC
    ON CONFLICT (tenant, channel, address_hash, account, own_address) DO UPDATE
    SET last_at = excluded.last_at, inbound_id = excluded.inbound_id
    WHERE c.last_at < excluded.last_at;
    RETURN NULL;
END;
$$;

REVOKE EXECUTE ON FUNCTION router.keep_conversations() FROM PUBLIC;

CREATE TRIGGER conversations AFTER INSERT ON router.inbound
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION router.keep_conversations();

INSERT INTO router.conversations AS c (
    tenant, channel, address_hash, account, own_address, last_at, inbound_id
)
SELECT DISTINCT ON (tenant, channel, sender_hash, account)
    tenant, channel, sender_hash, account, '', coalesce(occurred_at, received_at), id
FROM router.inbound
WHERE received_at > now() - interval '10 minutes'
    AND content NOT IN ('edited', 'deleted', 'address_changed', 'preference')
ORDER BY tenant, channel, sender_hash, account, coalesce(occurred_at, received_at) DESC
ON CONFLICT (tenant, channel, address_hash, account, own_address) DO UPDATE
SET last_at = excluded.last_at, inbound_id = excluded.inbound_id
WHERE c.last_at < excluded.last_at;
