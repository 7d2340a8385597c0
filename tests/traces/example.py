"""One message whose first channel stays silent, traced from its producer to its last event."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from secrets import token_hex
from typing import Any

from herald.client import Client
from herald_local.stack import Stack
from traces.collector import CollectedSpan, Collector

ROUTE = {
    "steps": [
        {"channel": "whatsapp", "account": "wa-main", "fallback_after": "1s"},
        {"channel": "sms", "account": "twilio-main"},
    ]
}
SILENT_ON_WHATSAPP = "0004"
DELIVERED = "receipt delivered"
PATIENCE_SECONDS = 60.0


def variables(collector: Collector) -> dict[str, str]:
    """Return the environment of a service that sends its spans to a collector at once."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}


@contextmanager
def traced(collector: Collector) -> Iterator[None]:
    """Have services that are started within send their spans to a collector."""
    before = dict(os.environ)
    os.environ.update(variables(collector))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def send(stack: Stack, **fields: Any) -> tuple[str, str]:
    """Send the message as a producer that traces; return the trace and the message's id."""
    trace_id = token_hex(16)
    traceparent = f"00-{trace_id}-{token_hex(8)}-01"
    return trace_id, asyncio.run(_send(stack, {"traceparent": traceparent}, fields))


def finished_trace(collector: Collector, trace_id: str) -> list[CollectedSpan]:
    """Wait until the trace has the last receipt; return its spans."""
    collector.wait(
        lambda: any(
            span.name == DELIVERED and span.trace_id == trace_id for span in collector.spans
        )
    )
    return collector.trace(trace_id)


async def _send(stack: Stack, headers: Mapping[str, str], fields: Mapping[str, Any]) -> str:
    number = f"+1555{time.time_ns() // 1000 % 1000:03}{SILENT_ON_WHATSAPP}"
    message = {
        "idempotency_key": f"trace-{token_hex(8)}",
        "to": {"phone": number},
        "content": {"text": "Your parcel is on its way."},
        "route": ROUTE,
        **fields,
    }
    async with Client(stack.servers.amqp_url, trace_context=lambda: headers) as herald:
        answer = await herald.send(message, timeout_seconds=PATIENCE_SECONDS)
        await herald.wait(answer.message_id, "delivered", timeout_seconds=PATIENCE_SECONDS)
    return answer.message_id
