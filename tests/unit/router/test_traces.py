"""The router's spans: of which trace they are, and what leads to what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from herald.bus.deliveries import Delivery
from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import Lane, Status
from router.batches import CommandHandler
from router.core.decide import decide
from router.core.facts import Fact, ReceiptArrived
from router.core.message import Message
from router.core.stored import PLAN
from router.handlers.send import SendCommands
from router.store.messages import QUERIES
from router.store.outbox import decode, encode
from router.traces import begin_traces
from traces.recording import parent_of, recording, span_id_of, trace_id_of
from unit.router.making import MESSAGE_ID, NOW, accepted, at, begun, cancel, receipt
from unit.router.offering import COMMAND, CONFIGURATION
from unit.router.test_unit_of_work import World

STORED = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
WORKER = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-cccccccccccccccc-01")
INGRESS = TraceContext("00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01")
CONTENTS = json.dumps({"whatsapp": {"text": "Hello"}, "sms": {"text": "Hello"}})


@dataclass
class Publishing(World):
    """A world that keeps what was inserted and published."""

    plans: list[str] = field(default_factory=list)
    published: list[OutgoingMessage] = field(default_factory=list)

    async def fetch(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        if query == QUERIES["load_contents"]:
            return [{"id": name, "content": CONTENTS} for name in arguments[0]]
        if query == QUERIES["insert_messages"]:
            self.plans += arguments[8]
            return [{"id": name} for name in arguments[0]]
        return await super().fetch(query, *arguments)

    async def publish(self, _row: UUID, outgoing: Sequence[OutgoingMessage]) -> None:
        self.published += outgoing

    async def apply(self, *facts: Fact, source: TraceContext | None = None) -> None:
        """Apply facts to the one message; `source` reported the receipts among them."""
        traces = begin_traces()
        for fact in facts:
            if isinstance(fact, ReceiptArrived) and traces is not None and source is not None:
                traces.source(fact.receipt, source.headers)
        async with self.units().begin(NOW + timedelta(hours=1), traces=traces) as unit:
            await unit.apply({MESSAGE_ID: list(facts)})

    async def send(self, *headers: dict[str, str]) -> None:
        """Handle a batch of commands, each with its key and its headers."""
        handler = CommandHandler(
            self.units(), CONFIGURATION, SendCommands(CONFIGURATION, Lane.NORMAL)
        )
        await handler(
            [
                Delivery(
                    body=json.dumps(COMMAND | {"idempotency_key": f"key-{number}"}).encode(),
                    routing_key="message.send",
                    message_id=f"cause-{number}",
                    headers=one,
                )
                for number, one in enumerate(headers)
            ]
        )

    def contexts(self, kind: str) -> list[TraceContext | None]:
        """Return what the headers of the published messages of a type name."""
        chosen = (message for message in self.published if kind in message.type)
        return [TraceContext.read(message.headers) for message in chosen]


def traced(message: Message, context: TraceContext = STORED) -> Message:
    return replace(message, plan=replace(message.plan, trace=context))


def silent() -> Message:
    """Make a traced message whose first channel accepted it an hour ago and says no more."""
    message = traced(begun())
    return decide(message, accepted(message), NOW).message


async def test_a_command_continues_its_producers_trace() -> None:
    """The span is its child, is stored with the message, and is the parent of work and events."""
    world = Publishing()
    with recording() as spans:
        await world.send(STORED.headers)
    span = spans.span("process message.send")
    assert (trace_id_of(span), parent_of(span)) == (STORED.trace_id, STORED.span_id)
    stored = PLAN.read(world.plans[0]).trace
    assert stored is not None
    assert (stored.trace_id, stored.span_id) == (STORED.trace_id, span_id_of(span))
    assert world.contexts("work") == [stored]
    assert world.contexts("accepted") == [stored]


async def test_each_command_of_a_batch_has_a_span_of_its_own() -> None:
    """Commands of many producers are handled together and stay in their traces."""
    with recording() as spans:
        await Publishing().send(STORED.headers, INGRESS.headers, {})
    traces = {trace_id_of(span) for span in spans.spans}
    assert len(spans.names) == len(traces) == 3
    assert {STORED.trace_id, INGRESS.trace_id} < traces
    assert {
        span.attributes and span.attributes["messaging.batch.message_count"] for span in spans.spans
    } == {3}


async def test_a_timer_is_of_the_messages_trace() -> None:
    """Long after, and in whatever router: what it needs is in the row."""
    world = Publishing(stored=[silent()])
    with recording() as spans:
        await world.apply(at(NOW + timedelta(hours=1)))
    span = spans.span("timer fallback")
    assert (trace_id_of(span), parent_of(span)) == (STORED.trace_id, STORED.span_id)
    assert span.attributes is not None
    assert span.attributes["herald.fallback.to"] == "sms"
    assert span.attributes["herald.reason"] == "silence"
    [work] = world.contexts("work")
    assert work is not None
    assert work.span_id == span_id_of(span)
    assert [event.name for event in span.events] == [
        *("event message.fallback", "dispatch", "committed")
    ]


async def test_a_workers_report_follows_its_work() -> None:
    """The header is of the same trace: its span is the parent."""
    message = traced(begun())
    with recording() as spans:
        await Publishing(stored=[message]).apply(accepted(message), source=WORKER)
    span = spans.span("receipt accepted")
    assert (trace_id_of(span), parent_of(span)) == (STORED.trace_id, WORKER.span_id)
    assert not span.links


async def test_a_webhook_is_linked() -> None:
    """It is of a trace of its own; the attempt finds the message's."""
    message = silent()
    world = Publishing(stored=[message])
    with recording() as spans:
        await world.apply(receipt(message, Status.DELIVERED), source=INGRESS)
    span = spans.span("receipt delivered")
    assert (trace_id_of(span), parent_of(span)) == (STORED.trace_id, STORED.span_id)
    assert [f"{link.context.span_id:016x}" for link in span.links] == [INGRESS.span_id]
    assert span.attributes is not None
    assert span.attributes["herald.outcome"] == "succeeded"
    [event] = world.contexts("message.delivered")
    assert event is not None
    assert event.span_id == span_id_of(span)


async def test_a_withdraw_is_part_of_what_asked_for_it() -> None:
    """A cancel and the answer of the row are one span, and so are the events of both."""
    world = Publishing(stored=[traced(begun())])
    with recording() as spans:
        await world.apply(cancel())
    assert spans.names == ["cancel"]
    assert world.contexts("cancelled") == world.contexts("accepted")
    assert None not in world.contexts("cancelled")


async def test_a_failed_unit_records_nothing() -> None:
    """It is tried again, and that try's spans stand."""
    message = traced(begun())
    with recording() as spans, pytest.raises(ConnectionResetError):
        await Publishing(stored=[message], fails_to_commit=True).apply(accepted(message))
    assert spans.names == []


async def test_a_message_of_before_has_no_spans() -> None:
    """What was accepted while nothing was traced begins no trace in its middle."""
    message = begun()
    world = Publishing(stored=[message])
    with recording() as spans:
        await world.apply(accepted(message), source=WORKER)
    assert spans.names == []
    assert world.contexts("message") == []


async def test_what_is_not_sampled_stays_so() -> None:
    """The context goes on, unsampled, so that nobody downstream begins a trace of its own."""
    world = Publishing()
    with recording(ParentBasedTraceIdRatio(0)) as spans:
        await world.send({})
    assert spans.names == []
    [work] = world.contexts("work")
    assert work is not None
    assert not work.is_sampled


async def test_off_nothing_is_stored_or_carried() -> None:
    """Not even a producer's header: what is off costs nothing."""
    world = Publishing()
    await world.send(STORED.headers)
    assert "trace" not in json.loads(world.plans[0])
    assert all(not message.headers for message in world.published)


def test_the_outbox_keeps_headers() -> None:
    """What another router publishes after a crash is of the same trace."""
    message = OutgoingMessage("e", "k", b"{}", "id", "t", headers=STORED.headers)
    plain = OutgoingMessage("e", "k", b"{}", "id", "t")
    assert decode(encode([message, plain])) == [message, plain]
    assert "headers" not in encode([plain])
