"""What decisions tell the metrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from herald.contracts.vocabulary import CommandAnswer, Outcome
from router import metrics
from router.commands import Rejection
from router.core.effects import Answer, Decision, Emit
from router.core.facts import Due, Fact, ReceiptArrived, WithdrawAnswered
from router.core.message import Message


def observe(message: Message, fact: Fact, decision: Decision, now: datetime) -> None:
    """Count what a fact was and what it led to."""
    if isinstance(fact, ReceiptArrived):
        receipt = fact.receipt
        failure = receipt.failure.failure_class.value if receipt.failure else ""
        metrics.ATTEMPTS.labels(
            receipt.channel, receipt.provider, receipt.account, receipt.status.value, failure
        ).inc()
    elif isinstance(fact, WithdrawAnswered):
        metrics.WITHDRAWALS.labels("won" if fact.won else "lost").inc()
    elif isinstance(fact, Due) and decision.key != Due.key:
        metrics.TIMERS.labels(decision.key.split(":")[1]).inc()
    for effect in decision.effects:
        if isinstance(effect, Emit):
            _observe_event(message, effect, now)
        elif isinstance(effect, Answer):
            observe_answer(effect.context.routing_key, effect.answer)


def observe_answer(routing_key: str, answer: CommandAnswer) -> None:
    """Count a command that was answered, after the answer was committed."""
    labels = metrics.COMMAND_LABELS.get(routing_key, metrics.UNKNOWN_COMMAND)
    metrics.COMMANDS.labels(*labels, answer.value).inc()


def observe_rejections(rejections: Sequence[Rejection], buried: Iterable[str]) -> None:
    """Count refused commands, and those of their bodies that were new, by queue."""
    for rejected in rejections:
        observe_answer(rejected.envelope.routing_key, CommandAnswer.REJECTED)
    observe_dead_letters(buried)


def observe_dead_letters(queues: Iterable[str]) -> None:
    """Count new dead letters by their queues, after they were committed."""
    for queue in queues:
        family = queue.split(".", maxsplit=1)[0]
        label = metrics.DEAD_LETTER_QUEUES.get(family, metrics.OTHER_QUEUE)
        metrics.DEAD_LETTERS.labels(label).inc()


def _observe_event(message: Message, emit: Emit, now: datetime) -> None:
    channel = emit.attempt.channel if emit.attempt else metrics.NONE
    if emit.fallback is not None:
        change = emit.fallback
        metrics.FALLBACKS.labels(change.from_channel, change.to_channel, change.reason).inc()
    if emit.terminal and emit.outcome is not None:
        metrics.OUTCOMES.labels(emit.outcome.value, channel).inc()
        if emit.outcome is Outcome.SUCCEEDED:
            seconds = (now - message.created_at).total_seconds()
            metrics.DELIVERY_SECONDS.labels(channel).observe(seconds)
    if emit.overlap:
        metrics.OVERLAPS.labels(channel).inc()
