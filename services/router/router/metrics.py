"""The router's domain metrics. Labels are closed sets: never an id, an address or a user's word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import permutations, product

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from herald.contracts.topology import (
    CANCEL_KEY,
    DROP_KEY,
    ERASE_KEY,
    REPLAY_KEY,
    RESEND_KEY,
    SEND_KEYS,
)
from herald.contracts.vocabulary import CommandAnswer, FailureClass, Outcome, Status
from herald.providers.account import Account

NONE = "none"  # stands for a lane or channel where there is none
# by routing key: the labels `command` and `lane`
COMMAND_LABELS: Mapping[str, tuple[str, str]] = {
    **{key: ("send", lane.value) for lane, key in SEND_KEYS.items()},
    CANCEL_KEY: ("cancel", NONE),
    RESEND_KEY: ("resend", NONE),
    ERASE_KEY: ("erase", NONE),
    REPLAY_KEY: ("replay", NONE),
    DROP_KEY: ("drop", NONE),
}
UNKNOWN_COMMAND = ("unknown", NONE)
_ANSWERS: Mapping[str, tuple[CommandAnswer, ...]] = {
    "send": (CommandAnswer.ACCEPTED, CommandAnswer.DUPLICATE, CommandAnswer.REJECTED),
    "cancel": (CommandAnswer.ACCEPTED, CommandAnswer.TOO_LATE, CommandAnswer.REJECTED),
    "erase": (CommandAnswer.ACCEPTED, CommandAnswer.DUPLICATE, CommandAnswer.REJECTED),
    "resend": (CommandAnswer.ACCEPTED, CommandAnswer.DUPLICATE, CommandAnswer.REJECTED),
    "replay": (CommandAnswer.ACCEPTED, CommandAnswer.REJECTED),
    "drop": (CommandAnswer.ACCEPTED, CommandAnswer.REJECTED),
    "unknown": (CommandAnswer.REJECTED,),
}
# by the first part of a queue's name: the label `queue` of dead letters
DEAD_LETTER_QUEUES: Mapping[str, str] = {
    "herald": "commands",  # refused; their producers were told
    "router": "router",
    "outbound": "outbound",
    "ingress": "ingress",
}
OTHER_QUEUE = "other"
# no provider tells these: the router and its workers settle them among themselves
_OWN_STATUSES = {Status.CREATED, Status.DISPATCHED, Status.WITHDRAWN}
_FALLBACK_REASONS = (*FailureClass, "silence", "not_started", "unknown")
_TIMERS = ("expiry", "send_at", "retry", "start_within", "fallback")

COMMANDS = Counter("herald_commands_total", "Commands answered", ["command", "lane", "answer"])
ATTEMPTS = Counter(
    "herald_attempt_facts_total",
    "Facts about attempts, by status and failure class",
    ["channel", "provider", "account", "status", "failure_class"],
)
FALLBACKS = Counter(
    "herald_fallbacks_total", "Changes of channel", ["from_channel", "to_channel", "reason"]
)
OUTCOMES = Counter("herald_outcomes_total", "Messages ended", ["outcome", "channel"])
OVERLAPS = Counter(
    "herald_overlaps_total", "Successes that came when a later attempt had started", ["channel"]
)
INBOUND = Counter("herald_inbound_total", "Messages from recipients", ["channel", "new"])
DELIVERY_SECONDS = Histogram(
    "herald_success_seconds",
    "From acceptance of a command to its success",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
)
DEAD_LETTERS = Counter(
    "herald_dead_letters_total",
    "New dead letters: refused commands, and what nobody could handle",
    ["queue"],
)
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
WITHDRAWALS = Counter("herald_withdrawals_total", "Attempts asked back", ["answer"])
EVENTS_NACKED = Counter(
    "herald_events_nacked_total", "Public events a user's full queue refused; not retried"
)
EVENTS_GIVEN_UP = Counter(
    "herald_events_given_up_total", "Public events that a user's queue did not take for long"
)
OUTBOX_ROWS = Gauge("herald_outbox_rows", "Transactions whose frames are not all confirmed")
OUTBOX_AGE_SECONDS = Gauge("herald_outbox_age_seconds", "Age of the oldest outbox row")
OUTBOX_SWEPT = Counter("herald_outbox_swept_total", "Outbox rows taken over after a lapse")
RECEIPTS_LAG_SECONDS = Gauge(
    "herald_receipts_lag_seconds", "How far behind now all receipts of a lane are handled", ["lane"]
)
SILENCE_LAG_SECONDS = Gauge(
    "herald_silence_lag_seconds", "How far behind now silence may be judged, of any message"
)
TIMERS = Counter("herald_timers_total", "Deadlines acted on", ["kind"])
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
    channels = sorted({account.channel for account in accounts.values()})
    for command, lane in (*COMMAND_LABELS.values(), UNKNOWN_COMMAND):
        _begin(COMMANDS, product([command], [lane], _ANSWERS[command]))
    for name, account in accounts.items():
        labels = ([account.channel], [account.provider], [name])
        if account.foreign == "ignore":
            FOREIGN_IGNORED.labels(name)
        _begin(ATTEMPTS, product(*labels, set(Status) - _OWN_STATUSES, [""]))
        _begin(ATTEMPTS, product(*labels, [Status.FAILED], FailureClass))
    _begin(
        FALLBACKS, ((*pair, why) for pair in permutations(channels, 2) for why in _FALLBACK_REASONS)
    )
    _begin(OUTCOMES, product(Outcome, (*channels, NONE)))
    _begin(INBOUND, product(channels, ("true", "false")))
    for metric in (OVERLAPS, DELIVERY_SECONDS):
        _begin(metric, product(channels))
    _begin(DEAD_LETTERS, product((*DEAD_LETTER_QUEUES.values(), OTHER_QUEUE)))
    _begin(REPORTS_REFUSED, product(("channel", "webhook", "router", "ingress")))
    _begin(WITHDRAWALS, product(("won", "lost")))
    _begin(TIMERS, product(_TIMERS))
    _begin(RETENTION_DELETED, product(RETENTION_TABLES))
    _begin(READS_REFUSED, product(_REFUSALS))


def _begin(metric: MetricWrapperBase, series: Iterable[tuple[str, ...]]) -> None:
    for labels in series:
        metric.labels(*labels)
