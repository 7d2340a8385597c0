-- What is stored of a message leaves out what has its default: an attempt that got nowhere yet does not
-- say so.
CREATE OR REPLACE VIEW router.attempts AS
SELECT
    messages.id AS message_id,
    messages.tenant,
    messages.id || '.' || (attempt ->> 'step') || '.' || (attempt ->> 'number') AS attempt_id,
    attempt ->> 'channel' AS channel,
    attempt ->> 'provider' AS provider,
    attempt ->> 'account' AS account,
    coalesce(attempt ->> 'status', 'created') AS status,
    coalesce(attempt ->> 'reached', 'queued') AS reached,
    attempt -> 'failure' ->> 'class' AS failure_class,
    attempt -> 'failure' ->> 'code' AS failure_code,
    (attempt ->> 'dispatched_at')::timestamptz AS dispatched_at,
    (attempt ->> 'accepted_at')::timestamptz AS accepted_at
FROM router.messages, json_array_elements(messages.state -> 'attempts') AS attempt;
