-- What each role may do with what is Herald's own, and nothing else: applied as the owner after every
-- migration. `herald_` stands for the roles' prefix. A table, view, function or type that a migration
-- adds is nobody's until it is granted here.

REVOKE ALL ON SCHEMA channel, router
    FROM PUBLIC, "herald_router", "herald_channel", "herald_reader", "herald_operator";
REVOKE ALL ON ALL TABLES IN SCHEMA channel, router
    FROM PUBLIC, "herald_router", "herald_channel", "herald_reader", "herald_operator";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA channel, router
    FROM PUBLIC, "herald_router", "herald_channel", "herald_reader", "herald_operator";
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA channel, router
    FROM PUBLIC, "herald_router", "herald_channel", "herald_reader", "herald_operator";
REVOKE ALL ON TYPE channel.send_state, router.message_status, router.outcome
    FROM PUBLIC, "herald_router", "herald_channel", "herald_reader", "herald_operator";
REVOKE ALL ON public.herald_migrations FROM PUBLIC;

-- what migrations to come make is closed, too
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC;

-- everybody looks whether the schema is what they need
GRANT SELECT ON public.herald_migrations
    TO "herald_router", "herald_channel", "herald_reader", "herald_operator";

-- the router, and `herald rehash`
GRANT USAGE ON SCHEMA router, channel TO "herald_router";
GRANT SELECT, INSERT, UPDATE, DELETE ON
    router.conversations, router.dead_letters, router.delays, router.erasures, router.history, router.inbound,
    router.ingresses, router.listeners, router.messages, router.outbox, router.plans, router.provider_refs, router.recipients
    TO "herald_router";
GRANT SELECT, INSERT, UPDATE, DELETE ON router.suppressions, router.suppression_history TO "herald_router";
GRANT SELECT, INSERT, UPDATE ON router.masking TO "herald_router";
GRANT SELECT, UPDATE ON router.measurement TO "herald_router";
GRANT SELECT, INSERT, UPDATE ON router.windows, router.quota_usage TO "herald_router";
GRANT SELECT, INSERT ON router.audit TO "herald_router";
GRANT EXECUTE ON FUNCTION
    router.make_history_partitions(int), router.drop_history_partition(date),
    channel.withdraw(text[]), channel.erase(text[]), channel.remove(text[])
    TO "herald_router";
GRANT SELECT ON channel.health TO "herald_router";
GRANT USAGE ON TYPE router.message_status, router.outcome, channel.send_state TO "herald_router";

-- the channels' workers
GRANT USAGE ON SCHEMA channel TO "herald_channel";
GRANT SELECT, INSERT, UPDATE, DELETE ON channel.sends TO "herald_channel";
GRANT SELECT, INSERT, UPDATE ON channel.accounts TO "herald_channel";
GRANT SELECT, INSERT, UPDATE, DELETE ON channel.buckets TO "herald_channel";
GRANT SELECT, INSERT, UPDATE ON channel.sessions TO "herald_channel";
GRANT SELECT, INSERT, UPDATE ON channel.egress TO "herald_channel";
GRANT SELECT ON channel.egress_drains TO "herald_channel";
GRANT EXECUTE ON FUNCTION channel.routers_read_batches() TO "herald_channel";
GRANT USAGE ON TYPE channel.send_state TO "herald_channel";

-- people: what became of messages, and never to whom they went or what they said
GRANT USAGE ON SCHEMA router, channel TO "herald_reader", "herald_operator";
GRANT SELECT ON router.attempts, router.timeline, channel.health, channel.accounts,
    channel.egress, channel.egress_drains
    TO "herald_reader", "herald_operator";
GRANT SELECT (
    id, tenant, idempotency_key, cause, status, outcome, due_at, silence_at, created_at, ended_at,
    silence_gate, resent_as, erased_at, waits_in, waits_since, unknown_on
) ON router.messages TO "herald_reader", "herald_operator";
GRANT SELECT (
    day, message_id, fact, note, attempt_id, status, occurred_at, recorded_at
) ON router.history TO "herald_reader", "herald_operator";
GRANT SELECT (
    attempt_id, state, channel, provider, account, lease_until, published, created_at, updated_at
) ON channel.sends TO "herald_reader", "herald_operator";
GRANT SELECT (
    id, channel, account, provider, kind, key_id, version, refreshed_at, expires_at, refresh_at,
    lease_until, trouble, is_lasting, failures, retry_at, revoked_at, created_at
) ON channel.sessions TO "herald_reader", "herald_operator";
GRANT SELECT (id, claimed_until, created_at) ON router.outbox TO "herald_reader", "herald_operator";
GRANT SELECT (
    id, queue, reason, exchange, routing_key, received_at, tenant, idempotency_key, message_id,
    correlation_id, broker_user, replayed_at, replayed_by, replay_cause, replay_result
) ON router.dead_letters TO "herald_reader", "herald_operator";
GRANT SELECT (
    id, tenant, channel, provider, account, content, occurred_at, received_at, own_address, in_group
) ON router.inbound TO "herald_reader", "herald_operator";
GRANT SELECT (
    tenant, channel, account, own_address, last_at, inbound_id, closed_at
) ON router.conversations TO "herald_reader", "herald_operator";
GRANT SELECT (
    id, tenant, asked_at, step, erased, waits_for, look_at, finished_at
) ON router.erasures TO "herald_reader", "herald_operator";
GRANT SELECT (
    tenant, channel, category, reason, source, since, message_id
) ON router.suppressions TO "herald_reader", "herald_operator";
GRANT SELECT (
    tenant, channel, category, reason, change, source, recorded_at, message_id
) ON router.suppression_history TO "herald_reader", "herald_operator";
GRANT SELECT ON router.audit, router.delays, router.ingresses, router.listeners, router.measurement, router.windows,
    router.quota_usage
    TO "herald_reader", "herald_operator";
GRANT USAGE ON TYPE router.message_status, router.outcome, channel.send_state
    TO "herald_reader", "herald_operator";

-- `herald account pause` and `resume`
GRANT INSERT (channel, account, provider, paused, paused_since),
    UPDATE (paused, paused_since) ON channel.accounts TO "herald_operator";

-- `herald sessions revoke` and `renew`: they forget tokens, and can read none. `rotate-keys` is done
-- with the channels' role.
GRANT UPDATE (
    key_id, sealed, version, refreshed_at, expires_at, refresh_at, lease_holder, lease_until,
    failures, retry_at, revoked_at
) ON channel.sessions TO "herald_operator";
-- `herald egress drain` and `restore`
GRANT INSERT, DELETE ON channel.egress_drains TO "herald_operator";
GRANT UPDATE (check_at) ON channel.egress TO "herald_operator";
