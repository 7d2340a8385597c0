"""The span of a webhook."""

from __future__ import annotations

from herald.bus.errors import UnavailableError
from herald.contracts.trace_context import TraceContext
from traces.recording import recording, span_id_of
from unit.ingress.asking import WHATSAPP, Bus, ask, payload, receiver, signed

CALLERS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_its_receipts_name_it() -> None:
    """It begins a trace of its own: what its caller's headers say is the caller's word."""
    bus, body = Bus(), payload("batch_one_bad_among_good")
    with recording() as spans:
        headers = signed(body) | {"traceparent": CALLERS}
        await ask(receiver(bus), WHATSAPP, [body], headers=headers)
    span = spans.span("POST /webhooks/{provider}/{account}")
    assert span.parent is None
    assert span.kind.name == "SERVER"
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/webhooks/{provider}/{account}",
        "http.response.status_code": 200,
        "herald.provider": "whatsapp_cloud",
        "herald.account": "main",
        "herald.receipts": len(bus.messages),
    }
    contexts = [TraceContext.read(message.headers) for message in bus.messages]
    assert {context and context.span_id for context in contexts} == {span_id_of(span)}
    assert CALLERS not in repr(bus.messages)


async def test_unsigned_requests_make_no_spans() -> None:
    """A flood of requests that nobody signed costs no span of those that count."""
    body = payload("batch_one_bad_among_good")
    with recording() as spans:
        assert (await ask(receiver(Bus()), WHATSAPP, [body], headers=signed(b"x"))).status == 401
    assert spans.names == []


async def test_our_own_trouble_shows() -> None:
    """What the provider has to send again is a failed span."""
    bus, body = Bus(), payload("batch_one_bad_among_good")
    bus.failure = UnavailableError("id", "no connection")
    with recording() as spans:
        await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))
    [span] = spans.spans
    assert span.status.description == "503"


async def test_off_its_messages_carry_nothing() -> None:
    """No header, no span."""
    bus, body = Bus(), payload("batch_one_bad_among_good")
    await ask(receiver(bus), WHATSAPP, [body], headers=signed(body))
    assert all("traceparent" not in message.headers for message in bus.messages)
