"""What decisions tell the metrics."""

from __future__ import annotations

from datetime import datetime

from herald.vocabulary import Outcome
from router import metrics
from router.core.effects import Answer, Decision, Emit
from router.core.facts import Due, Fact, Reported, WithdrawAnswered
from router.core.message import Message


def observe(message: Message, fact: Fact, decision: Decision, now: datetime) -> None:
    """Count what a fact was and what it led to."""
    if isinstance(fact, Reported):
        receipt = fact.receipt
        failure = receipt.failure.failure_class.value if receipt.failure else ""
        metrics.ATTEMPTS.labels(
            receipt.channel, receipt.provider, receipt.status.value, failure
        ).inc()
    elif isinstance(fact, WithdrawAnswered):
        metrics.WITHDRAWALS.labels("won" if fact.won else "lost").inc()
    elif isinstance(fact, Due) and decision.key != Due.key:
        metrics.TIMERS.labels(decision.key.split(":")[1]).inc()
    for effect in decision.effects:
        if isinstance(effect, Emit):
            _observe_event(message, effect, now)
        elif isinstance(effect, Answer):
            lane = message.plan.lane
            metrics.COMMANDS.labels(lane.value, effect.answer.value).inc()


def _observe_event(message: Message, emit: Emit, now: datetime) -> None:
    channel = emit.attempt.channel if emit.attempt else "none"
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
