"""What is counted of a unit of work, once it is committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from itertools import permutations, product

from herald.contracts.identifiers import AttemptId
from herald.contracts.metrics import router as definitions
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.contracts.topology import (
    CANCEL_KEY,
    DROP_KEY,
    ERASE_KEY,
    REPLAY_KEY,
    RESEND_KEY,
    SEND_KEYS,
    SUPPRESS_KEY,
    UNSUPPRESS_KEY,
)
from herald.contracts.vocabulary import (
    CommandAnswer,
    FailureClass,
    Lane,
    Outcome,
    Status,
    SuppressionReason,
)
from herald.providers.account import Account
from herald.service.instruments import Tally, begin_series, counter, histogram
from router.core.consent import ADDRESS_GONE, OPTED_OUT, ConsentChanged
from router.core.delays import Way, country_of
from router.core.effects import Answer, Decision, Emit, Skip, Timer
from router.core.facts import Fact, ReceiptArrived, WithdrawAnswered
from router.core.message import Message
from router.core.progress import (
    begins_at,
    has_reached_recipient,
    is_accepted,
    is_delivered,
)
from router.delay_counts import DELAYS

NONE = "none"  # stands for a lane or channel where there is none
ALL = "all"  # stands for every channel
UNKNOWN = "unknown"  # stands for what another configuration may know
_ACCOUNTS: dict[str, tuple[str, str, str]] = {}  # by name: channel, provider and name
_CHANNELS: set[str] = set()
_TENANTS: set[str] = set()
# by routing key: the labels `command` and `lane`
_COMMAND_LABELS: Mapping[str, tuple[str, str]] = {
    **{key: ("send", lane.value) for lane, key in SEND_KEYS.items()},
    CANCEL_KEY: ("cancel", NONE),
    RESEND_KEY: ("resend", NONE),
    ERASE_KEY: ("erase", NONE),
    SUPPRESS_KEY: ("suppress", NONE),
    UNSUPPRESS_KEY: ("unsuppress", NONE),
    REPLAY_KEY: ("replay", NONE),
    DROP_KEY: ("drop", NONE),
}
_UNKNOWN_COMMAND = ("unknown", NONE)
PLANNED = "planned"  # a dry run's answer
_USUAL = (CommandAnswer.ACCEPTED, CommandAnswer.DUPLICATE, CommandAnswer.REJECTED)
_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "send": (*_USUAL, PLANNED),
    "cancel": (*_USUAL, CommandAnswer.TOO_LATE),
    "erase": _USUAL,
    "suppress": _USUAL,
    "unsuppress": _USUAL,
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
_SKIPPED = (OPTED_OUT, ADDRESS_GONE, "quiet_hours", "quota", "outside_window")
_FALLBACK_REASONS = (*FailureClass, "silence", "not_started", "unknown")

COMMANDS = counter(definitions.COMMANDS)
ATTEMPTS = counter(definitions.ATTEMPT_FACTS)
FIRST_ACCEPTANCE_SECONDS = histogram(definitions.FIRST_ACCEPTANCE_SECONDS)
DELIVERY_SECONDS = histogram(definitions.DELIVERY_SECONDS)
COUNTRY_DELIVERY_SECONDS = histogram(definitions.COUNTRY_DELIVERY_SECONDS)
OUTCOMES = counter(definitions.OUTCOMES)
TENANT_COMMANDS = counter(definitions.TENANT_COMMANDS)
TENANT_OUTCOMES = counter(definitions.TENANT_OUTCOMES)
OUTCOME_SECONDS = histogram(definitions.OUTCOME_SECONDS)
FALLBACKS = counter(definitions.FALLBACKS)
OVERLAPS = counter(definitions.OVERLAPS)
DOUBLE_CONTACTS = counter(definitions.DOUBLE_CONTACTS)
DEAD_LETTERS = counter(definitions.DEAD_LETTERS)
WITHDRAWALS = counter(definitions.WITHDRAWALS)
TIMERS = counter(definitions.TIMERS)
SUPPRESSIONS = counter(definitions.SUPPRESSIONS)
SKIPPED_STEPS = counter(definitions.SKIPPED_STEPS)

# of each message; kept, for looking them up costs more than counting
_commands = cache(COMMANDS.labels)
_attempts = cache(ATTEMPTS.labels)
_first_acceptance_seconds = cache(FIRST_ACCEPTANCE_SECONDS.labels)
_delivery_seconds = cache(DELIVERY_SECONDS.labels)
_country_delivery_seconds = cache(COUNTRY_DELIVERY_SECONDS.labels)
_outcomes = cache(OUTCOMES.labels)
_tenant_commands = cache(TENANT_COMMANDS.labels)
_tenant_outcomes = cache(TENANT_OUTCOMES.labels)
_outcome_seconds = cache(OUTCOME_SECONDS.labels)


def count_decisions(made: Iterable[tuple[Message, Fact, Decision]], now: datetime) -> None:
    """Count what facts were and what they led to; each with its message as it stood before."""
    tally = Tally()
    for message, fact, decision in made:
        _count_decision(tally, message, fact, decision, now)
    tally.add()


def _count_decision(
    tally: Tally, message: Message, fact: Fact, decision: Decision, now: datetime
) -> None:
    if isinstance(fact, ReceiptArrived):
        receipt = fact.receipt
        labels = account_labels(receipt)
        failure = receipt.failure.failure_class.value if receipt.failure else ""
        tally.count(_attempts(*labels, receipt.status.value, failure))
        _measure_progress(tally, message, fact.attempt, labels, decision.message, now)
    elif isinstance(fact, WithdrawAnswered):
        WITHDRAWALS.labels("won" if fact.won else "lost").inc()
    elif decision.timer is not None:
        TIMERS.labels(decision.timer.value).inc()
    for effect in decision.effects:
        if isinstance(effect, Emit):
            _count_event(tally, message, effect, now)
        elif isinstance(effect, Answer):
            _count_answer(tally, effect.context.routing_key, effect.answer.value, message.tenant)
        elif isinstance(effect, Skip):
            SKIPPED_STEPS.labels(effect.channel, effect.reason).inc()


def account_labels(receipt: AttemptReceipt | InboundReceipt) -> tuple[str, str, str]:
    """Return channel, provider and account of a receipt as labels.

    They are words of the configuration's, whatever the receipt says.
    """
    known = _ACCOUNTS.get(receipt.account)
    if known is not None and known[1] == receipt.provider:
        return known
    channel = receipt.channel if receipt.channel in _CHANNELS else UNKNOWN
    return channel, UNKNOWN if receipt.provider else "", UNKNOWN if receipt.account else ""


def _measure_progress(
    tally: Tally,
    before: Message,
    attempt: AttemptId,
    labels: tuple[str, str, str],
    after: Message,
    now: datetime,
) -> None:
    """Measure how long a message took to get as far as an attempt has got by a receipt."""
    old, new = before.find(attempt), after.find(attempt)
    if old is None or new is None:
        return
    if is_accepted(new) and not any(map(is_accepted, before.state.attempts)):
        seconds = _seconds(begins_at(before), now)
        tally.observe(_first_acceptance_seconds(before.plan.lane.value, new.channel), seconds)
    if is_delivered(new) and not is_delivered(old):
        seconds = _seconds(old.accepted_at or now, now)
        tally.observe(_delivery_seconds(*labels), seconds)
        if old.accepted_at is not None and UNKNOWN not in labels:
            channel, provider, _ = labels
            country = country_of(before.step(old).address)
            DELAYS.add(Way(provider, channel, country), seconds)
            tally.observe(_country_delivery_seconds(channel, provider, country), seconds)
    if len(before.state.attempts) > 1:
        is_new = has_reached_recipient(new) and not has_reached_recipient(old)
        if is_new and sum(map(has_reached_recipient, before.state.attempts)) == 1:
            DOUBLE_CONTACTS.labels(new.channel).inc()


def _seconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())


def count_answer(routing_key: str, answer: CommandAnswer, tenant: str | None) -> None:
    """Count a command that was answered, and whose it was, if that is known."""
    tally = Tally()
    _count_answer(tally, routing_key, answer.value, tenant)
    tally.add()


def count_plan(lane: Lane, tenant: str) -> None:
    """Count a dry run that was answered."""
    tally = Tally()
    _count_answer(tally, SEND_KEYS[lane], PLANNED, tenant)
    tally.add()


def _count_answer(tally: Tally, routing_key: str, answer: str, tenant: str | None) -> None:
    labels = _COMMAND_LABELS.get(routing_key, _UNKNOWN_COMMAND)
    tally.count(_commands(*labels, answer))
    tally.count(_tenant_commands(_tenant_label(tenant), answer))


def _tenant_label(tenant: str | None) -> str:
    return tenant if tenant in _TENANTS else UNKNOWN


def count_dead_letters(queues: Iterable[str]) -> None:
    """Count new dead letters by their queues."""
    for queue in queues:
        family = queue.split(".", maxsplit=1)[0]
        label = _DEAD_LETTER_QUEUES.get(family, _OTHER_QUEUE)
        DEAD_LETTERS.labels(label).inc()


def count_consent(made: Iterable[ConsentChanged]) -> None:
    """Count suppressions that are new, and those that were lifted."""
    for one in made:
        channel = one.suppression.channel or ALL
        label = channel if channel in _CHANNELS or channel == ALL else UNKNOWN
        SUPPRESSIONS.labels(label, one.suppression.reason.value, one.change.kind).inc()


def _count_event(tally: Tally, message: Message, emit: Emit, now: datetime) -> None:
    channel = emit.attempt.channel if emit.attempt else NONE
    if emit.fallback is not None:
        change = emit.fallback
        FALLBACKS.labels(change.from_channel, change.to_channel, change.reason).inc()
    if emit.terminal and emit.outcome is not None:
        outcome, seconds = emit.outcome.value, _seconds(begins_at(message), now)
        tally.count(_outcomes(outcome, channel))
        tally.count(_tenant_outcomes(_tenant_label(message.tenant), outcome))
        tally.observe(_outcome_seconds(outcome, channel), seconds)
    if emit.overlap:
        OVERLAPS.labels(channel).inc()


def initialise(accounts: Mapping[str, Account], tenants: Iterable[str]) -> None:
    """Make every series whose labels are known beforehand, and know these names."""
    _TENANTS.update(tenants)
    begin_series(TENANT_COMMANDS, product((*_TENANTS, UNKNOWN), (*CommandAnswer, PLANNED)))
    begin_series(TENANT_OUTCOMES, product((*_TENANTS, UNKNOWN), Outcome))
    channels = sorted({account.channel for account in accounts.values()})
    _CHANNELS.update(channels)
    _ACCOUNTS.update(
        (name, (account.channel, account.provider, name)) for name, account in accounts.items()
    )
    for command, lane in (*_COMMAND_LABELS.values(), _UNKNOWN_COMMAND):
        begin_series(COMMANDS, product([command], [lane], _ANSWERS[command]))
    for labels in _ACCOUNTS.values():
        one = [[label] for label in labels]
        begin_series(ATTEMPTS, product(*one, set(Status) - _OWN_STATUSES, [""]))
        begin_series(ATTEMPTS, product(*one, [Status.FAILED], FailureClass))
        begin_series(DELIVERY_SECONDS, [labels])
    changes = ((*pair, why) for pair in permutations(channels, 2) for why in _FALLBACK_REASONS)
    begin_series(FALLBACKS, changes)
    begin_series(OUTCOMES, product(Outcome, (*channels, NONE)))
    begin_series(OUTCOME_SECONDS, product(Outcome, (*channels, NONE)))
    begin_series(FIRST_ACCEPTANCE_SECONDS, product(Lane, channels))
    for metric in (OVERLAPS, DOUBLE_CONTACTS):
        begin_series(metric, product(channels))
    begin_series(DEAD_LETTERS, product((*_DEAD_LETTER_QUEUES.values(), _OTHER_QUEUE)))
    begin_series(WITHDRAWALS, product(("won", "lost")))
    begin_series(TIMERS, product(Timer))
    kinds = ("suppressed", "unsuppressed")
    begin_series(SKIPPED_STEPS, product(channels, _SKIPPED))
    begin_series(SUPPRESSIONS, product((*channels, ALL), SuppressionReason, kinds))
