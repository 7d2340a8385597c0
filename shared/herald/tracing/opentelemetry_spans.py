"""Spans as OpenTelemetry's SDK records them."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, TraceFlags, TraceState
from opentelemetry.trace.status import Status, StatusCode

from herald.contracts.trace_context import TraceContext
from herald.tracing.spans import Attributes, Kind, Moment

_KINDS = {
    Kind.SERVER: trace.SpanKind.SERVER,
    Kind.CLIENT: trace.SpanKind.CLIENT,
    Kind.CONSUMER: trace.SpanKind.CONSUMER,
    Kind.INTERNAL: trace.SpanKind.INTERNAL,
}
_NOTHING: Attributes = {}


class OpenTelemetryTracer:
    """Makes spans with OpenTelemetry's tracer. Nothing is ever the current span of its own."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def begin(
        self,
        name: str,
        kind: Kind,
        parent: TraceContext | None,
        attributes: Attributes,
        *,
        links: Sequence[TraceContext] = (),
        at: Moment | None = None,
    ) -> OpenTelemetrySpan:
        """Begin a span; see `herald.tracing.spans`."""
        began = at or Moment.now()
        span = self._tracer.start_span(
            name,
            # an empty context, so that nothing else is the parent
            Context() if parent is None else _context_of(parent),
            kind=_KINDS[kind],
            attributes=_said(attributes),
            links=[Link(_span_context(other)) for other in links if other.is_sampled],
            start_time=began.epoch_ns,
            record_exception=False,
            set_status_on_exception=False,
        )
        return OpenTelemetrySpan(span, began)


class OpenTelemetrySpan:
    """A span under way."""

    __slots__ = ("_began", "_context", "_span")

    def __init__(self, span: trace.Span, began: Moment) -> None:
        self._span = span
        self._began = began
        self._context: TraceContext | None = None

    @property
    def context(self) -> TraceContext:
        """The span as its children name it."""
        if self._context is None:
            self._context = _trace_context(self._span.get_span_context())
        return self._context

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._span.set_attributes(_said(attributes))

    def event(self, name: str, attributes: Attributes = _NOTHING) -> None:
        """Note that something happened, now."""
        self._span.add_event(name, _said(attributes), self._began.later_ns())

    def link(self, other: TraceContext) -> None:
        """Name a span of another trace."""
        if other.is_sampled:
            self._span.add_link(_span_context(other))

    def end(self, *, failed: str | None = None) -> None:
        """End it, now."""
        if failed is not None:
            self._span.set_status(Status(StatusCode.ERROR, failed))
        self._span.end(self._began.later_ns())


def _said(attributes: Attributes) -> dict[str, str | int]:
    return {name: value for name, value in attributes.items() if value is not None}


def _context_of(parent: TraceContext) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(_span_context(parent)), Context())


def _span_context(context: TraceContext) -> SpanContext:
    return SpanContext(
        trace_id=int(context.trace_id, 16),
        span_id=int(context.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(context.traceparent[53:55], 16)),
        trace_state=TraceState.from_header([context.tracestate]) if context.tracestate else None,
    )


def _trace_context(context: SpanContext) -> TraceContext:
    state = context.trace_state.to_header() if context.trace_state else None
    trace_id, span_id = (
        trace.format_trace_id(context.trace_id),
        trace.format_span_id(context.span_id),
    )
    return TraceContext(f"00-{trace_id}-{span_id}-{context.trace_flags:02x}", state)
