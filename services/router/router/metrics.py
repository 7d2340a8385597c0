"""The router's metrics beside those that `counting` has of its units of work.

Labels are closed sets: never an id, an address or a user's word.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from prometheus_client import Counter, Gauge

from herald.providers.account import Account
from router import counting
from router.counting import begin_series

INBOUND = Counter("herald_inbound_total", "Messages from recipients", ["channel", "new"])
REPORTS_REFUSED = Counter(
    "herald_reports_refused_total",
    "Receipts and pulses from a broker user that may not report them",
    ["source"],
)
FOREIGN_IGNORED = Counter(
    "herald_foreign_ignored_total",
    "Statuses of messages that are not Herald's, dropped as their account asks",
    ["account"],
)
HANDLED_AFTER_LIMIT = Counter(
    "herald_handled_after_limit_total",
    "Commands and receipts handled though the broker gave them up after too many deliveries",
    ["queue"],
)
EVENTS_NACKED = Counter(
    "herald_events_nacked_total", "Public events a user's full queue refused; not retried"
)
EVENTS_GIVEN_UP = Counter(
    "herald_events_given_up_total", "Public events that a user's queue did not take for long"
)
OUTBOX_ROWS = Gauge("herald_outbox_rows", "Transactions whose messages are not all confirmed")
OUTBOX_AGE_SECONDS = Gauge("herald_outbox_age_seconds", "Age of the oldest outbox row")
OUTBOX_SWEPT = Counter("herald_outbox_swept_total", "Outbox rows taken over after a lapse")
RECEIPTS_LAG_SECONDS = Gauge(
    "herald_receipts_lag_seconds", "How far behind now all receipts of a lane are handled", ["lane"]
)
SILENCE_LAG_SECONDS = Gauge(
    "herald_silence_lag_seconds", "How far behind now silence may be judged, of any message"
)
TIMER_LAG_SECONDS = Gauge("herald_timer_lag_seconds", "How late the last deadline was acted on")
RETENTION_TABLES = (
    "messages.content",
    "messages",
    "history",
    "sends",
    "dead_letters",
    "inbound",
    "provider_refs",
    "erasures",
)
RETENTION_DELETED = Counter(
    "herald_retention_deleted_total", "Rows deleted because of their age, or emptied", ["table"]
)
RETENTION_PARTITIONS = Counter(
    "herald_retention_partitions_total", "Days of history dropped whole because of their age"
)
READS_REFUSED = Counter(
    "herald_reads_refused_total", "Requests to the read API refused", ["reason"]
)
_REFUSALS = (
    "other_host", "not_configured", "no_token", "unknown_token", "other_tenant", "unusable",
)  # fmt: skip


def initialise(accounts: Mapping[str, Account]) -> None:
    """Make every series whose labels are known beforehand: an increase from nothing is unseen."""
    counting.initialise(accounts)
    for name, account in accounts.items():
        if account.foreign == "ignore":
            FOREIGN_IGNORED.labels(name)
    channels = {account.channel for account in accounts.values()}
    begin_series(INBOUND, product(channels, ("true", "false")))
    begin_series(REPORTS_REFUSED, product(("channel", "webhook", "router", "ingress")))
    begin_series(RETENTION_DELETED, product(RETENTION_TABLES))
    begin_series(READS_REFUSED, product(_REFUSALS))
