"""A worker's spans: the work that came, and the call that was made for it."""

from __future__ import annotations

from typing import Any

from herald.bus.deliveries import Delivery
from herald.channel.attempts import Attempt
from herald.channel.calling import Caller
from herald.channel.finished import ended, given_back
from herald.channel.planning import Later
from herald.channel.traces import begin_work, end_reported
from herald.contracts.failures import Failure
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.rendered import Rendered
from herald.providers.sending import Accepted, Refused, SendResult
from herald.tracing.spans import tracer
from traces.recording import parent_of, recording, span_id_of, trace_id_of
from unit.channel.making import NOW, Silent, calling, decided, sending, work

ROUTER = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")


class Refusing(Silent):
    """A provider that refuses with words of its own."""

    async def send(self, work: Work, content: Rendered) -> SendResult:  # noqa: ARG002
        return Refused(Failure.of(FailureClass.UNREACHABLE, "63003", "+15550002222 is not there"))


async def attempt(provider: Any = None, headers: dict[str, str] | None = None) -> Attempt:
    """Make an attempt that is claimed, with its span if its work is of a trace."""
    delivery = Delivery(body=b"", headers=ROUTER.headers if headers is None else headers)
    [made] = await decided([sending("one", provider=provider)], work())
    active = tracer()
    made.span = begin_work(active, made.work, delivery) if active is not None else None
    return made


def caller() -> Caller:
    return calling()


async def test_the_call_is_within_the_work() -> None:
    """Work is of its message's trace, and the call is its child; the report names the work."""
    with recording() as spans:
        made = await attempt()
        result = await caller().call(made)
        finished = ended(made, result, NOW)
        end_reported([finished])
    outer, call = spans.span("process outbound.sms.normal"), spans.span("send twilio")
    assert isinstance(result, Accepted)
    assert (trace_id_of(outer), parent_of(outer)) == (ROUTER.trace_id, ROUTER.span_id)
    assert parent_of(call) == span_id_of(outer)
    assert call.kind.name == "CLIENT"
    assert call.attributes is not None
    assert call.attributes["herald.result"] == "accepted"
    assert outer.attributes is not None
    assert outer.attributes["herald.status"] == "accepted"
    assert finished.span is not None
    assert finished.span.context.span_id == span_id_of(outer)


async def test_a_refusal_shows_its_class_and_no_words() -> None:
    """What the provider said may quote the recipient."""
    with recording() as spans:
        made = await attempt(Refusing())
        end_reported([ended(made, await caller().call(made), NOW)])
    call = spans.span("send twilio")
    assert call.status.description == "unreachable"
    assert not any("+1555" in span.to_json() for span in spans.spans)


async def test_work_that_is_given_back_says_why() -> None:
    """No call, and the reason."""
    with recording() as spans:
        end_reported([given_back(await attempt(), Later("rate_limit", None), NOW)])
    [span] = spans.spans
    assert span.attributes is not None
    assert span.attributes["herald.reason"] == "rate_limit"


async def test_work_of_no_trace_has_no_span() -> None:
    """Its message was accepted while nothing was traced."""
    with recording() as spans:
        made = await attempt(headers={})
        end_reported([ended(made, await caller().call(made), NOW)])
    assert spans.names == []
