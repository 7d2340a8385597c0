"""Spans of this process, kept in memory for tests without a collector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Sampler

from herald.tracing.opentelemetry_spans import OpenTelemetryTracer
from herald.tracing.spans import use_tracer


class Recording:
    """What was recorded so far."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """The spans that have ended, in the order of their ends."""
        return self._exporter.get_finished_spans()

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.spans]

    def span(self, name: str) -> ReadableSpan:
        """Return the one span of that name."""
        [span] = [span for span in self.spans if span.name == name]
        return span


@contextmanager
def recording(sampler: Sampler = DEFAULT_ON) -> Iterator[Recording]:
    """Trace this process for the time of a `with` block."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    use_tracer(OpenTelemetryTracer(provider.get_tracer("test")))
    try:
        yield Recording(exporter)
    finally:
        use_tracer(None)


def trace_id_of(span: ReadableSpan) -> str:
    return f"{span.context.trace_id:032x}"


def parent_of(span: ReadableSpan) -> str | None:
    """Return the span id of a span's parent."""
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def span_id_of(span: ReadableSpan) -> str:
    return f"{span.context.span_id:016x}"
