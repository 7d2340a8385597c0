"""The router's metrics beside those that `counting` has of its units of work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from herald.contracts.metrics import router as definitions
from herald.contracts.vocabulary import Lane
from herald.providers.account import Account
from herald.service.instruments import begin_series, counter, gauge
from router import counting

INBOUND = counter(definitions.INBOUND)
REPORTS_REFUSED = counter(definitions.REPORTS_REFUSED)
FOREIGN_IGNORED = counter(definitions.FOREIGN_IGNORED)
HANDLED_AFTER_LIMIT = counter(definitions.HANDLED_AFTER_LIMIT)
EVENTS_NACKED = counter(definitions.EVENTS_NACKED)
EVENTS_GIVEN_UP = counter(definitions.EVENTS_GIVEN_UP)
ERASURES_PUT_OFF = counter(definitions.ERASURES_PUT_OFF)
OUTBOX_ROWS = gauge(definitions.OUTBOX_ROWS)
OUTBOX_AGE_SECONDS = gauge(definitions.OUTBOX_AGE_SECONDS)
OUTBOX_SWEPT = counter(definitions.OUTBOX_SWEPT)
RECEIPTS_LAG_SECONDS = gauge(definitions.RECEIPTS_LAG_SECONDS)
SILENCE_LAG_SECONDS = gauge(definitions.SILENCE_LAG_SECONDS)
TIMER_LAG_SECONDS = gauge(definitions.TIMER_LAG_SECONDS)
LEARNED_FALLBACK_SECONDS = gauge(definitions.LEARNED_FALLBACK_SECONDS)
RETENTION_DELETED = counter(definitions.RETENTION_DELETED)
RETENTION_PARTITIONS = counter(definitions.RETENTION_PARTITIONS)
READS_REFUSED = counter(definitions.READS_REFUSED)

MESSAGES_OPEN = gauge(definitions.MESSAGES_OPEN)
BACKLOG_MESSAGES = gauge(definitions.BACKLOG_MESSAGES)
BACKLOG_AGE_SECONDS = gauge(definitions.BACKLOG_AGE_SECONDS)
BACKLOG_HELD_MESSAGES = gauge(definitions.BACKLOG_HELD_MESSAGES)
BACKLOG_RETURNED_MESSAGES = gauge(definitions.BACKLOG_RETURNED_MESSAGES)
WINDOW_MESSAGES = gauge(definitions.WINDOW_MESSAGES)
RELEASED = counter(definitions.RELEASED)
QUOTA_USED_RATIO = gauge(definitions.QUOTA_USED_RATIO)
UNKNOWN_ATTEMPTS = gauge(definitions.UNKNOWN_ATTEMPTS)
MEASURED_AGE_SECONDS = gauge(definitions.MEASURED_AGE_SECONDS)

RETENTION_TABLES = (
    "messages.content",
    "messages",
    "history",
    "sends",
    "dead_letters",
    "inbound",
    "conversations",
    "provider_refs",
    "erasures",
)
_REFUSALS = (
    "other_host", "not_configured", "no_token", "unknown_token", "other_tenant", "unusable",
)  # fmt: skip


def initialise(accounts: Mapping[str, Account], tenants: Iterable[str]) -> None:
    """Make every series whose labels are known beforehand."""
    counting.initialise(accounts, tenants)
    for name, account in accounts.items():
        if account.foreign == "ignore":
            FOREIGN_IGNORED.labels(name)
        begin_series(INBOUND, product([account.channel], [name], ("true", "false")))
    channels = {account.channel for account in accounts.values()}
    backlog = (BACKLOG_MESSAGES, BACKLOG_HELD_MESSAGES, BACKLOG_RETURNED_MESSAGES)
    for metric in (*backlog, BACKLOG_AGE_SECONDS, WINDOW_MESSAGES, RELEASED):
        begin_series(metric, product(channels, Lane))
    begin_series(UNKNOWN_ATTEMPTS, product(channels))
    begin_series(REPORTS_REFUSED, product(("channel", "webhook", "router", "ingress")))
    begin_series(RETENTION_DELETED, product(RETENTION_TABLES))
    begin_series(READS_REFUSED, product(_REFUSALS))
