"""The spans of one unit of work: one for each command, and one for each fact about a message.

A fact's span is of its message's trace, whose first span in the router is stored with the message:
so a timer hours later, or a webhook that knows no trace, finds it. What led to the fact is its
parent where that is of the same trace, and is linked where it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from herald.bus.deliveries import Delivery
from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.receipts import AccountReceipt, InboundReceipt, Receipt
from herald.contracts.topology import COMMAND_KEYS
from herald.contracts.trace_context import TraceContext
from herald.tracing.spans import Attribute, Attributes, Kind, Moment, Name, Span, Tracer, tracer
from router.core.effects import Answer, Decision, Dispatch, Emit, Withdraw
from router.core.facts import (
    CancelAsked,
    Cleared,
    DeadLettered,
    Due,
    Fact,
    MessageAccepted,
    ReceiptArrived,
    Released,
    WithdrawAnswered,
    name_of,
)
from router.core.message import Message

RABBITMQ = "rabbitmq"
_OTHER_NAMES: dict[type, str] = {Released: "release", Cleared: "clearance"}
Made = Sequence[tuple[Message, Fact, Decision]]  # the message as it stood before


def begin_traces() -> UnitTraces | None:
    """Begin to trace a unit of work; None while tracing is off."""
    active = tracer()
    return None if active is None else UnitTraces(active)


class UnitTraces:
    """Spans are ended together once the unit is committed and published; else none is recorded."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._began = Moment.now()
        self._commands: dict[str, Span] = {}  # by their own traceparent
        self._sources: dict[object, TraceContext] = {}  # of receipts
        self._facts: dict[UUID, Span] = {}  # the latest of each message
        self._all: list[Span] = []
        self._seen = 0  # how much of what was decided has its spans

    def command(self, delivery: Delivery, batch: int) -> TraceContext:
        """Begin the span of a command, which continues its producer's trace if there is one."""
        name = delivery.routing_key if delivery.routing_key in COMMAND_KEYS else "command"
        span = self._begin(
            f"process {name}",
            TraceContext.read(delivery.headers),
            {Attribute.SYSTEM: RABBITMQ, Attribute.BATCH: batch},
        )
        self._commands[span.context.traceparent] = span
        return span.context

    def source(self, receipt: Receipt, headers: Mapping[str, Any]) -> None:
        """Note which span reported a receipt."""
        context = TraceContext.read(headers)
        if context is not None:
            self._sources[name_of(receipt)] = context

    def news(self, receipt: InboundReceipt | AccountReceipt) -> TraceContext | None:
        """Begin the span of a receipt that is about no message; it is of its reporter's trace."""
        source = self._sources.get(name_of(receipt))
        if source is None:
            return None
        about = {
            Attribute.SYSTEM: RABBITMQ,
            Attribute.CHANNEL: receipt.channel,
            Attribute.PROVIDER: receipt.provider,
            Attribute.ACCOUNT: receipt.account,
        }
        return self._begin(f"receipt {receipt.kind}", source, about).context

    def answered(
        self, context: TraceContext | None, answer: str, message: Message | None = None
    ) -> None:
        """Say on a command's span how it was answered, and about which message."""
        span = self._commands.get(context.traceparent) if context is not None else None
        if span is None:
            return
        span.note({Attribute.ANSWER: answer})
        if message is not None:
            span.note(_of_message(message))
            of_message = message.plan.trace
            if of_message is not None and of_message.trace_id != span.context.trace_id:
                span.link(of_message)

    def contexts(self, made: Made) -> Iterator[TraceContext | None]:
        """Begin the spans of what was decided since the last time.

        Returns for each effect, in the order of the decisions, the span that it belongs to. A trace
        that is not sampled gets no spans; its context is carried on.
        """
        fresh, self._seen = made[self._seen :], len(made)
        for before, fact, decision in fresh:
            stored = decision.message.plan.trace
            span = None
            if stored is not None and stored.is_sampled:
                span = self._span_of(fact, decision, stored)
            if span is not None:
                _note_decision(span, before, decision)
            for _ in decision.effects:
                yield stored if span is None else span.context

    def committed(self) -> None:
        """Note that the database has it all."""
        for span in self._all:
            span.event("committed")

    def end(self) -> None:
        """End every span."""
        for span in self._all:
            span.end()

    def _span_of(self, fact: Fact, decision: Decision, stored: TraceContext) -> Span | None:
        message = decision.message
        if isinstance(fact, MessageAccepted):
            span = self._commands.get(stored.traceparent)
            if span is not None:
                self._facts[message.id] = span
                span.note(_of_message(message))
            return span
        if isinstance(fact, WithdrawAnswered | Cleared) and message.id in self._facts:
            return self._facts[message.id]  # the answer to what that span asked
        if isinstance(fact, Due) and decision.timer is None:
            return None  # nothing was due any more
        span = self._facts[message.id] = self._begin_fact(fact, decision, stored)
        return span

    def _begin_fact(self, fact: Fact, decision: Decision, stored: TraceContext) -> Span:
        name, kind, source = self._about(fact, decision)
        is_inside = source is not None and source.trace_id == stored.trace_id
        return self._begin(
            name,
            source if is_inside else stored,
            {**_of_message(decision.message), **_of_fact(fact)},
            kind=kind,
            links=[] if source is None or is_inside else [source],
        )

    def _about(self, fact: Fact, decision: Decision) -> tuple[str, Kind, TraceContext | None]:
        match fact:
            case ReceiptArrived(receipt=receipt):
                source = self._sources.get(name_of(receipt))
                return f"receipt {receipt.status}", Kind.CONSUMER, source
            case CancelAsked(context=context):
                return "cancel", Kind.INTERNAL, context.trace
            case DeadLettered():
                return "dead letter", Kind.CONSUMER, None
            case Due():
                return f"timer {decision.timer}", Kind.INTERNAL, None
            case _:
                return _OTHER_NAMES.get(type(fact), "withdraw"), Kind.INTERNAL, None

    def _begin(
        self,
        name: str,
        parent: TraceContext | None,
        attributes: Attributes,
        *,
        kind: Kind = Kind.CONSUMER,
        links: Sequence[TraceContext] = (),
    ) -> Span:
        span = self._tracer.begin(name, kind, parent, attributes, links=links, at=self._began)
        self._all.append(span)
        return span


def traced(
    messages: Sequence[OutgoingMessage | None], contexts: Iterable[TraceContext | None]
) -> list[OutgoingMessage | None]:
    """Give each message the headers of the span that it belongs to."""
    return [
        message if message is None or context is None else message._replace(headers=context.headers)
        for message, context in zip(messages, contexts, strict=True)
    ]


def _note_decision(span: Span, before: Message, decision: Decision) -> None:
    """Say on a span what its fact led to."""
    message = decision.message
    if message.outcome is not None and before.outcome is None:
        span.note({Attribute.OUTCOME: message.outcome.value})
    for effect in decision.effects:
        match effect:
            case Dispatch(attempt=attempt):
                about: Attributes = {
                    Attribute.ATTEMPT: str(message.attempt_id(attempt)),
                    Attribute.CHANNEL: attempt.channel,
                }
                span.event("dispatch", about)
            case Emit(fallback=fallback) if fallback is not None:
                span.note(
                    {
                        Attribute.FALLBACK_FROM: fallback.from_channel,
                        Attribute.FALLBACK_TO: fallback.to_channel,
                        Attribute.REASON: fallback.reason,
                    }
                )
                span.event("event message.fallback")
            case Emit():
                span.event(f"event message.{effect.what}")
            case Answer():
                span.note({Attribute.ANSWER: effect.answer.value})
            case Withdraw():
                span.event("withdraw")


def _of_message(message: Message) -> dict[Name, str | int | None]:
    resent_from = message.plan.resent_from
    return {
        Attribute.MESSAGE: str(message.id),
        Attribute.TENANT: message.tenant,
        Attribute.LANE: message.plan.lane.value,
        Attribute.RESENT_FROM: str(resent_from) if resent_from else None,
    }


def _of_fact(fact: Fact) -> Attributes:
    if isinstance(fact, ReceiptArrived):
        receipt, failure = fact.receipt, fact.receipt.failure
        return {
            Attribute.SYSTEM: RABBITMQ,
            Attribute.ATTEMPT: str(fact.attempt),
            Attribute.CHANNEL: receipt.channel,
            Attribute.PROVIDER: receipt.provider or None,
            Attribute.ACCOUNT: receipt.account or None,
            Attribute.STATUS: receipt.status.value,
            Attribute.FAILURE_CLASS: failure.failure_class.value if failure else None,
            Attribute.REASON: receipt.returned.reason if receipt.returned else None,
        }
    if isinstance(fact, DeadLettered | WithdrawAnswered):
        return {Attribute.ATTEMPT: str(fact.attempt)}
    return {}
