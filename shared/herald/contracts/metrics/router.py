"""What the router counts of messages, and what it measures in its database. Pure."""

from __future__ import annotations

from herald.contracts.metrics.definition import Across, Begins, counter, gauge, histogram

_ACCEPTANCE = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
_DELIVERY = (1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200)
_COUNTRY_DELIVERY = (2, 5, 20, 60, 300, 1800)
_OUTCOME = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200, 172800)

# Commands and messages
COMMANDS = counter(
    "herald_commands_total", "commands", "Commands answered", "command", "lane", "answer"
)
TENANT_COMMANDS = counter(
    "herald_tenant_commands_total", "commands", "Commands answered, by tenant", "tenant", "answer"
)
TENANT_OUTCOMES = counter(
    "herald_tenant_outcomes_total", "messages", "Messages ended, by tenant", "tenant", "outcome"
)
ATTEMPT_FACTS = counter(
    "herald_attempt_facts_total",
    "facts",
    "Facts about attempts, by status and failure class",
    "channel",
    "provider",
    "account",
    "status",
    "failure_class",
)
FIRST_ACCEPTANCE_SECONDS = histogram(
    "herald_first_acceptance_seconds",
    "seconds",
    "From the acceptance of a command, or its `send_at`, to the first acceptance by a provider",
    "lane",
    "channel",
    buckets=_ACCEPTANCE,
)
DELIVERY_SECONDS = histogram(
    "herald_delivery_seconds",
    "seconds",
    "From a provider's acceptance to its report that the recipient has the message",
    "channel",
    "provider",
    "account",
    buckets=_DELIVERY,
)
COUNTRY_DELIVERY_SECONDS = histogram(
    "herald_country_delivery_seconds",
    "seconds",
    "The same, by the recipient's country",
    "channel",
    "provider",
    "country",
    buckets=_COUNTRY_DELIVERY,
    begins=Begins.USE,
)
LEARNED_FALLBACK_SECONDS = gauge(
    "herald_learned_fallback_seconds",
    "seconds",
    'What `fallback_after = "auto"` comes to, where enough deliveries are known',
    "channel",
    "provider",
    "country",
    across=Across.MAX,
    begins=Begins.USE,
)
OUTCOMES = counter("herald_outcomes_total", "messages", "Messages ended", "outcome", "channel")
OUTCOME_SECONDS = histogram(
    "herald_outcome_seconds",
    "seconds",
    "From the acceptance of a command, or its `send_at`, to the outcome",
    "outcome",
    "channel",
    buckets=_OUTCOME,
)
SKIPPED_STEPS = counter(
    "herald_skipped_steps_total",
    "steps",
    "Steps left out without an attempt, by why",
    "channel",
    "reason",
)
SUPPRESSIONS = counter(
    "herald_suppressions_total",
    "suppressions",
    "Recipients' suppressions recorded and lifted, by their reason",
    "channel",
    "reason",
    "change",
)
FALLBACKS = counter(
    "herald_fallbacks_total",
    "messages",
    "Changes of channel",
    "from_channel",
    "to_channel",
    "reason",
)
OVERLAPS = counter(
    "herald_overlaps_total",
    "messages",
    "Successes that came when a later attempt had started",
    "channel",
)
DOUBLE_CONTACTS = counter(
    "herald_double_contacts_total",
    "messages",
    "Messages of which a second attempt reached the recipient, too; by the channel of that",
    "channel",
)
WITHDRAWALS = counter("herald_withdrawals_total", "attempts", "Attempts asked back", "answer")
TIMERS = counter("herald_timers_total", "deadlines", "Deadlines acted on", "kind")
INBOUND = counter(
    "herald_inbound_total", "messages", "Messages from recipients", "channel", "account", "new"
)

# What could not be handled
DEAD_LETTERS = counter(
    "herald_dead_letters_total",
    "messages",
    "New dead letters: refused commands, and what nobody could handle",
    "queue",
)
HANDLED_AFTER_LIMIT = counter(
    "herald_handled_after_limit_total",
    "messages",
    "Commands and receipts handled though the broker gave them up after too many deliveries",
    "queue",
)
REPORTS_REFUSED = counter(
    "herald_reports_refused_total",
    "reports",
    "Receipts and pulses from a broker user that may not report them",
    "source",
)
FOREIGN_IGNORED = counter(
    "herald_foreign_ignored_total",
    "receipts",
    "Statuses of messages that are not Herald's, dropped as their account asks",
    "account",
)
READS_REFUSED = counter(
    "herald_reads_refused_total", "requests", "Requests to the read API refused", "reason"
)
EVENTS_NACKED = counter(
    "herald_events_nacked_total",
    "events",
    "Public events a user's full queue refused; not retried",
)
EVENTS_GIVEN_UP = counter(
    "herald_events_given_up_total",
    "events",
    "Public events that a user's queue did not take for long",
)

ERASURES_PUT_OFF = counter(
    "herald_erasures_put_off_total",
    "failures",
    "Steps of erasures that failed; each is tried again ten minutes later",
)

# What is under way, by the database: every router shows the same
MESSAGES_OPEN = gauge(
    "herald_messages_open",
    "messages",
    "Messages accepted and without outcome, scheduled ones included",
    across=Across.MAX,
)
BACKLOG_MESSAGES = gauge(
    "herald_backlog_messages",
    "messages",
    "Messages that wait for a worker, in the backlog, in a queue or given back, or whose call is "
    "under way",
    "channel",
    "lane",
    across=Across.MAX,
)
BACKLOG_AGE_SECONDS = gauge(
    "herald_backlog_age_seconds",
    "seconds",
    "How long the oldest of these has waited; 0 when there is none",
    "channel",
    "lane",
    across=Across.MAX,
)
BACKLOG_HELD_MESSAGES = gauge(
    "herald_backlog_held_messages",
    "messages",
    "Those of these that are not dispatched yet: their queue holds as much as its window allows",
    "channel",
    "lane",
    across=Across.MAX,
)
BACKLOG_RETURNED_MESSAGES = gauge(
    "herald_backlog_returned_messages",
    "messages",
    "Those of these whose work a worker gave back, and that are handed out again later",
    "channel",
    "lane",
    across=Across.MAX,
)
WINDOW_MESSAGES = gauge(
    "herald_window_messages",
    "messages",
    "How many messages may wait in a queue of work, by what its workers did of late; 0 from a "
    "router that has not looked at it yet",
    "channel",
    "lane",
    across=Across.MAX,
)
RELEASED = counter(
    "herald_released_total",
    "messages",
    "Messages let from the backlog into the queue of their work",
    "channel",
    "lane",
)
QUOTA_USED_RATIO = gauge(
    "herald_quota_used_ratio",
    "share",
    "How much of a tenant's quota is used in its present period: 1 when nothing is left",
    "tenant",
    "quota",
    across=Across.MAX,
    begins=Begins.USE,
)
UNKNOWN_ATTEMPTS = gauge(
    "herald_unknown_attempts",
    "attempts",
    "Attempts of messages under way whose result is unknown now",
    "channel",
    across=Across.MAX,
)
MEASURED_AGE_SECONDS = gauge(
    "herald_backlog_measured_age_seconds",
    "seconds",
    "How old the figures of the backlog, of unknown attempts and of open messages are",
    across=Across.MIN,
)

# How well the router itself does
OUTBOX_ROWS = gauge(
    "herald_outbox_rows",
    "transactions",
    "Transactions whose messages are not all confirmed",
    across=Across.MAX,
)
OUTBOX_AGE_SECONDS = gauge(
    "herald_outbox_age_seconds", "seconds", "Age of the oldest outbox row", across=Across.MAX
)
OUTBOX_SWEPT = counter(
    "herald_outbox_swept_total", "transactions", "Outbox rows taken over after a lapse"
)
RECEIPTS_LAG_SECONDS = gauge(
    "herald_receipts_lag_seconds",
    "seconds",
    "How far behind now all receipts of a lane are handled",
    "lane",
    across=Across.MAX,
    begins=Begins.USE,
)
SILENCE_LAG_SECONDS = gauge(
    "herald_silence_lag_seconds",
    "seconds",
    "How far behind now silence may be judged, of any message",
    across=Across.MAX,
)
TIMER_LAG_SECONDS = gauge(
    "herald_timer_lag_seconds",
    "seconds",
    "How late the deadlines are that were acted on last; 0 when none is due",
    across=Across.MAX,
)
RETENTION_DELETED = counter(
    "herald_retention_deleted_total",
    "rows",
    "Rows deleted because of their age, or emptied",
    "table",
)
RETENTION_PARTITIONS = counter(
    "herald_retention_partitions_total",
    "partitions",
    "Days of history dropped whole because of their age",
)
