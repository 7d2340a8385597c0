"""What is counted of a unit of work, once it is committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import permutations, product

from prometheus_client import Counter, Histogram
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
from router.core.effects import Answer, Decision, Emit, Timer
from router.core.facts import Fact, ReceiptArrived, WithdrawAnswered
from router.core.message import Message

_NONE = "none"  # stands for a lane or channel where there is none
# by routing key: the labels `command` and `lane`
_COMMAND_LABELS: Mapping[str, tuple[str, str]] = {
    **{key: ("send", lane.value) for lane, key in SEND_KEYS.items()},
    CANCEL_KEY: ("cancel", _NONE),
    RESEND_KEY: ("resend", _NONE),
    ERASE_KEY: ("erase", _NONE),
    REPLAY_KEY: ("replay", _NONE),
    DROP_KEY: ("drop", _NONE),
}
_UNKNOWN_COMMAND = ("unknown", _NONE)
_USUAL = (CommandAnswer.ACCEPTED, CommandAnswer.DUPLICATE, CommandAnswer.REJECTED)
_ANSWERS: Mapping[str, tuple[CommandAnswer, ...]] = {
    "send": _USUAL,
    "cancel": (*_USUAL, CommandAnswer.TOO_LATE),
    "erase": _USUAL,
    "resend": _USUAL,
    "replay": (CommandAnswer.ACCEPTED, CommandAnswer.REJECTED),
    "drop": _USUAL,
    "unknown": (CommandAnswer.REJECTED,),
}
# by the first part of a queue's name: the label `queue` of dead letters
_DEAD_LETTER_QUEUES: Mapping[str, str] = {
    "herald": "commands",  # refused; their producers have the answer
    "router": "router",
    "outbound": "outbound",
    "ingress": "ingress",
}
_OTHER_QUEUE = "other"
# no provider reports these: they are between the router and its workers
_OWN_STATUSES = {Status.CREATED, Status.DISPATCHED, Status.WITHDRAWN}
_FALLBACK_REASONS = (*FailureClass, "silence", "not_started", "unknown")

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
WITHDRAWALS = Counter("herald_withdrawals_total", "Attempts asked back", ["answer"])
TIMERS = Counter("herald_timers_total", "Deadlines acted on", ["kind"])


def count_decision(message: Message, fact: Fact, decision: Decision, now: datetime) -> None:
    """Count what a fact was and what it led to."""
    if isinstance(fact, ReceiptArrived):
        receipt = fact.receipt
        failure = receipt.failure.failure_class.value if receipt.failure else ""
        ATTEMPTS.labels(
            receipt.channel, receipt.provider, receipt.account, receipt.status.value, failure
        ).inc()
    elif isinstance(fact, WithdrawAnswered):
        WITHDRAWALS.labels("won" if fact.won else "lost").inc()
    elif decision.timer is not None:
        TIMERS.labels(decision.timer.value).inc()
    for effect in decision.effects:
        if isinstance(effect, Emit):
            _count_event(message, effect, now)
        elif isinstance(effect, Answer):
            count_answer(effect.context.routing_key, effect.answer)


def count_answer(routing_key: str, answer: CommandAnswer) -> None:
    """Count a command that was answered."""
    labels = _COMMAND_LABELS.get(routing_key, _UNKNOWN_COMMAND)
    COMMANDS.labels(*labels, answer.value).inc()


def count_dead_letters(queues: Iterable[str]) -> None:
    """Count new dead letters by their queues."""
    for queue in queues:
        family = queue.split(".", maxsplit=1)[0]
        label = _DEAD_LETTER_QUEUES.get(family, _OTHER_QUEUE)
        DEAD_LETTERS.labels(label).inc()


def _count_event(message: Message, emit: Emit, now: datetime) -> None:
    channel = emit.attempt.channel if emit.attempt else _NONE
    if emit.fallback is not None:
        change = emit.fallback
        FALLBACKS.labels(change.from_channel, change.to_channel, change.reason).inc()
    if emit.terminal and emit.outcome is not None:
        OUTCOMES.labels(emit.outcome.value, channel).inc()
        if emit.outcome is Outcome.SUCCEEDED:
            seconds = (now - message.created_at).total_seconds()
            DELIVERY_SECONDS.labels(channel).observe(seconds)
    if emit.overlap:
        OVERLAPS.labels(channel).inc()


def initialise(accounts: Mapping[str, Account]) -> None:
    """Make every series whose labels are known beforehand."""
    channels = sorted({account.channel for account in accounts.values()})
    for command, lane in (*_COMMAND_LABELS.values(), _UNKNOWN_COMMAND):
        begin_series(COMMANDS, product([command], [lane], _ANSWERS[command]))
    for name, account in accounts.items():
        labels = ([account.channel], [account.provider], [name])
        begin_series(ATTEMPTS, product(*labels, set(Status) - _OWN_STATUSES, [""]))
        begin_series(ATTEMPTS, product(*labels, [Status.FAILED], FailureClass))
    changes = ((*pair, why) for pair in permutations(channels, 2) for why in _FALLBACK_REASONS)
    begin_series(FALLBACKS, changes)
    begin_series(OUTCOMES, product(Outcome, (*channels, _NONE)))
    for metric in (OVERLAPS, DELIVERY_SECONDS):
        begin_series(metric, product(channels))
    begin_series(DEAD_LETTERS, product((*_DEAD_LETTER_QUEUES.values(), _OTHER_QUEUE)))
    begin_series(WITHDRAWALS, product(("won", "lost")))
    begin_series(TIMERS, product(Timer))


def begin_series(metric: MetricWrapperBase, series: Iterable[tuple[str, ...]]) -> None:
    """Make a metric's series, each at zero."""
    for labels in series:
        metric.labels(*labels)
