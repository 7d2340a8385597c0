"""One message's way as one trace, collected from services that run for real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pika
import pytest

from behaviour.canaries.canaries import EMAIL, NAME, SUBJECT, TEXT, traces
from herald.contracts.trace_context import TraceContext
from herald.tracing.spans import ATTRIBUTES, Attribute
from herald_local.lifecycle import running_stack
from herald_local.servers import GivenServers
from herald_local.stack import Stack
from herald_local.web import call
from traces.collector import CollectedSpan, Collector, collecting
from traces.example import finished_trace, send, traced
from traces.tree import shape

PAGE = Path(__file__).parents[2] / "docs" / "tracing.md"
RECIPIENT = "+4915112340004"  # silent on WhatsApp
WEBHOOK = "POST /webhooks/{provider}/{account}"


@dataclass(frozen=True, slots=True)
class Traced:
    """What is known of the message from all sides."""

    stack: Stack
    collector: Collector
    trace_id: str
    message_id: str
    spans: list[CollectedSpan]
    events: list[tuple[str, TraceContext | None]]  # type and what its headers name
    requests: str  # as the stand-in providers took them

    def span(self, name: str) -> CollectedSpan:
        """Return the first span of that name."""
        return next(span for span in self.spans if span.name == name)


@pytest.fixture(scope="module")
def message(home: Path, amqp_url: str, management_url: str, postgres_dsn: str) -> Iterator[Traced]:
    """Send a message that WhatsApp is silent on, full of canaries, with every service traced.

    On a stack of its own: services that are started again judge no silence for a while.
    """
    given = GivenServers(
        amqp_url=amqp_url, management_url=management_url, postgres_dsn=postgres_dsn
    )
    with (
        collecting() as collector,
        traced(collector),
        running_stack(home / "traced", given) as stack,
    ):
        connection = pika.BlockingConnection(pika.URLParameters(stack.servers.amqp_url))
        channel = connection.channel()
        queue = channel.queue_declare("events.tracing", exclusive=True).method.queue
        channel.queue_bind(queue, "herald.events", "message.#")
        trace_id, message_id = send(
            stack,
            to={"phone": RECIPIENT, "email": EMAIL, "name": NAME},
            content={"text": TEXT, "subject": SUBJECT},
            metadata={"note": TEXT},
            idempotency_key=f"{NAME} {EMAIL} tracing",
        )
        spans = finished_trace(collector, trace_id)
        events = []
        for _method, properties, body in channel.consume(queue, inactivity_timeout=1):
            if properties is None or body is None:
                break
            event = json.loads(body)
            if event["subject"] == message_id:
                events.append((event["type"], TraceContext.read(properties.headers or {})))
        connection.close()
        requests = stack.requests_file.read_text()
        yield Traced(stack, collector, trace_id, message_id, spans, events, requests)


def test_it_is_one_tree_as_the_page_shows(message: Traced) -> None:
    """Command, attempts, calls, the timer's fallback and the webhooks' receipts, in that order."""
    page = PAGE.read_text()
    shown = page[page.index("<!-- make trace -->") :].split("```")[1]
    assert _without_order(shape(message.spans)) == _without_order(_shape_of(shown))


def test_it_continues_the_producers_trace(message: Traced) -> None:
    """The span of the command is a child of the producer's, which is not Herald's to record."""
    first = message.span("process message.send")
    assert first.parent_id
    assert first.parent_id not in {span.span_id for span in message.spans}


def test_the_fallback_is_of_the_same_trace(message: Traced) -> None:
    """Its timer found the trace in the message's row, and SMS is its child."""
    timer, sms = message.span("timer fallback"), message.span("process outbound.sms.normal")
    assert timer.attributes[Attribute.FALLBACK_TO] == "sms"
    assert timer.attributes[Attribute.REASON] == "silence"
    assert sms.parent_id == timer.span_id


def test_webhooks_are_linked(message: Traced) -> None:
    """Ingress's spans are of traces of their own; each receipt links to the one that brought it."""
    delivered = message.span("receipt delivered")
    [linked] = delivered.links
    [webhook] = [s for s in message.collector.spans if (s.trace_id, s.span_id) == linked]
    assert (webhook.name, webhook.kind, webhook.parent_id) == (WEBHOOK, "SERVER", "")


def test_calls_are_the_providers(message: Traced) -> None:
    """Each is a client's span within its work, with the account that made it."""
    calls = {s.name: s for s in message.spans if s.kind == "CLIENT"}
    assert {name: s.attributes[Attribute.ACCOUNT] for name, s in calls.items()} == {
        "send whatsapp_cloud": "wa-main",
        "send twilio": "twilio-main",
    }


def test_events_carry_the_trace(message: Traced) -> None:
    """A consumer goes on with it: each event names the span that published it."""
    by_id = {span.span_id: span.name for span in message.spans}
    named = {
        kind.split(".")[2]: by_id[context.span_id]
        for kind, context in message.events
        if context is not None and context.trace_id == message.trace_id
    }
    assert named == {
        "fallback": "timer fallback",
        "sent": "receipt sent",
        "delivered": "receipt delivered",
    }


def test_providers_get_nothing_of_it(message: Traced) -> None:
    """What the stand-ins took holds neither the trace nor a header of its name."""
    assert message.message_id in message.requests
    assert message.trace_id not in message.requests
    assert "traceparent" not in message.requests.lower()


def test_nothing_is_given_away(message: Traced) -> None:
    """What was sent to the collector holds no canary: no address, text, key or metadata."""
    sent = b"".join(message.collector.bodies).decode("latin-1")
    assert message.message_id in sent
    assert traces(sent) == set()
    assert RECIPIENT[1:] not in sent
    assert {key for span in message.collector.spans for key in span.attributes} <= ATTRIBUTES


def test_the_read_api_names_the_trace(message: Traced) -> None:
    """`herald timeline` shows it: from a message to its trace in one step."""
    stack = message.stack
    token = stack.read_token_file.read_text().strip()
    url = f"{stack.router_url}/messages/{message.message_id}"
    answer = call("GET", url, token=token)
    assert json.loads(answer.body)["trace_id"] == message.trace_id


def _shape_of(text: str) -> list[str]:
    """Read what a printed tree is made of: its lines but for events, links and figures."""
    rows = (line for line in text.splitlines() if line and line.lstrip()[0] not in ".~")
    parts = (row.partition(" herald-") for row in rows)
    return [f"{name.rstrip()} (herald-{rest.split(maxsplit=1)[0]})" for name, _, rest in parts]


def _without_order(rows: list[str]) -> list[str]:
    """Two webhooks at once may be taken in either order."""
    return sorted(rows)
