"""What tracing costs: `python -m bench.tracing`, in this process alone, as one JSON object.

On: the processor time of all spans of one message that is sent on its first channel (command, work,
call, acceptance, two webhooks' receipts), with the exporter's encoding and without its HTTP.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from herald.bus.deliveries import Delivery
from herald.channel.finished import ended
from herald.channel.traces import begin_call, begin_work, end_call, end_reported
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import Status
from herald.providers.sending import Accepted
from herald.tracing.exporting import make_provider
from herald.tracing.opentelemetry_spans import OpenTelemetryTracer
from herald.tracing.settings import TracingSettings
from herald.tracing.spans import Kind, Tracer, tracer, use_tracer
from router.core.decide import decide
from router.core.facts import MessageAccepted
from router.traces import Made, UnitTraces, begin_traces
from unit.channel.making import decided, sending, work
from unit.router.making import CONTEXT, NOW, message, receipt

MESSAGES = 3000
CALLS = 200_000
COMMAND = Delivery(body=b"", routing_key="message.send")
[ATTEMPT] = asyncio.run(decided([sending("one")], work()))
REPORT = ended(ATTEMPT, Accepted(("1",)), NOW)
TIMED = """
import time; began = time.process_time(); import {module}
print(time.process_time() - began)
"""


class Encoding(SpanExporter):
    """Encodes spans as they are sent, and sends them nowhere."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        encode_spans(spans).SerializeToString()
        return SpanExportResult.SUCCESS


def main() -> None:
    """Measure and print."""
    found: dict[str, Any] = {
        "off": {
            "asked_ns": _nanoseconds(tracer),
            "unit_of_work_ns": _nanoseconds(begin_traces),
            "router_import_seconds": _import_seconds("router.running"),
        },
        "on": {
            "library_import_seconds": _import_seconds("herald.tracing.exporting"),
            "microseconds_a_message": _on(TracingSettings()),
            "unsampled_microseconds_a_message": _on(
                TracingSettings(sampler="parentbased_traceidratio", ratio=0.0)
            ),
        },
    }
    print(json.dumps(found))  # noqa: T201  the result


def _nanoseconds(call: Callable[[], object]) -> int:
    return round(min(timeit.repeat(call, number=CALLS, repeat=5)) / CALLS * 1e9)


def _import_seconds(module: str) -> float:
    """Return the processor time of an import in a process of its own, the least of five."""
    program = [sys.executable, "-c", TIMED.format(module=module)]
    taken = [
        float(subprocess.run(program, capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    return round(min(taken), 3)


def _on(settings: TracingSettings) -> float:
    provider = make_provider("bench", replace(settings, max_queue=20 * MESSAGES), Encoding())
    active = OpenTelemetryTracer(provider.get_tracer("bench"))
    parent = active.begin("command", Kind.CONSUMER, None, {}).context
    facts = list(_facts(parent))
    began = time.process_time()
    use_tracer(active)
    for _ in range(MESSAGES):
        _trace_message(active, parent, facts)
    provider.shutdown()  # what waits is encoded
    use_tracer(None)
    return round((time.process_time() - began) / MESSAGES * 1e6, 1)


def _facts(parent: TraceContext) -> Iterator[Made]:
    """Decide what a message meets that its first channel delivers."""
    new = message()
    new = replace(new, plan=replace(new.plan, trace=parent))
    stands = decide(new, MessageAccepted(context=replace(CONTEXT, trace=parent)), NOW).message
    for status in (Status.ACCEPTED, Status.SENT, Status.DELIVERED):
        fact = receipt(stands, status)
        decision = decide(stands, fact, NOW)
        yield [(stands, fact, decision)]
        stands = decision.message


def _trace_message(active: Tracer, parent: TraceContext, facts: Sequence[Made]) -> None:
    traces = UnitTraces(active)
    context = traces.command(COMMAND, 1)
    traces.answered(context, "accepted", facts[0][0][0])
    traces.committed()
    traces.end()
    attempt = replace(
        ATTEMPT, span=begin_work(active, ATTEMPT.work, Delivery(body=b"", headers=parent.headers))
    )
    call = begin_call(attempt)
    if call is not None:
        end_call(call, Accepted(("1",)), "accepted")
    end_reported([REPORT._replace(span=attempt.span)])
    for made in facts:
        traces = UnitTraces(active)
        for _ in traces.contexts(made):
            pass
        traces.committed()
        traces.end()


if __name__ == "__main__":
    main()
