"""Sending spans to a collector over OTLP, from a thread of its own, with a bounded queue.

A collector that is away or hangs costs spans, never messages: what finds the queue full is dropped.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Sequence
from uuid import uuid4

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)

from herald.service.rate_limited_log import RateLimitedLog
from herald.tracing.opentelemetry_spans import OpenTelemetryTracer
from herald.tracing.settings import TracingSettings
from herald.tracing.spans import use_tracer

END_SECONDS = 5.0  # for what is left at the end of the process
LIBRARY_LOGGER = "opentelemetry"  # it would write a line for each span that is dropped

_log = structlog.get_logger(__name__)


class CountedExporter(SpanExporter):
    """Hands batches to another exporter, counts them, and says when they are not taken."""

    def __init__(self, exporter: SpanExporter) -> None:
        self.taken = 0  # spans that wait no more
        self._exporter = exporter
        self._rate_limited = RateLimitedLog()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        finally:
            self.taken += len(spans)
        if result is not SpanExportResult.SUCCESS:
            self._rate_limited.warning("tracing.not_exported", about="collector", spans=len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class BoundedProcessor(BatchSpanProcessor):
    """Drops spans once `max_queue` of them wait, and says so once a minute."""

    def __init__(self, exporter: CountedExporter, max_queue: int) -> None:
        super().__init__(
            exporter, max_queue_size=max_queue, max_export_batch_size=min(512, max_queue)
        )
        self.dropped = 0
        self._max_queue = max_queue
        self._counted = exporter
        self._kept = 0
        self._rate_limited = RateLimitedLog()

    def on_end(self, span: ReadableSpan) -> None:
        if self._kept - self._counted.taken >= self._max_queue:
            self.dropped += 1
            self._rate_limited.warning("tracing.dropped", about="queue", total=self.dropped)
            return
        if span.context is not None and span.context.trace_flags.sampled:
            self._kept += 1
            super().on_end(span)


def start_exporting(service: str, settings: TracingSettings) -> None:
    """Trace this process and send its spans to the collector that the environment names."""
    logging.getLogger(LIBRARY_LOGGER).setLevel(logging.CRITICAL)
    provider = make_provider(service, settings, OTLPSpanExporter())
    atexit.register(_end, provider)
    use_tracer(OpenTelemetryTracer(provider.get_tracer("herald")))
    _log.info("tracing.started", sampler=settings.sampler, ratio=settings.ratio)


def make_provider(
    service: str, settings: TracingSettings, exporter: SpanExporter
) -> TracerProvider:
    """Make what records spans and hands them to an exporter."""
    provider = TracerProvider(
        sampler=_sampler(settings),
        resource=_resource(service),
        span_limits=SpanLimits(max_attributes=64),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BoundedProcessor(CountedExporter(exporter), settings.max_queue))
    return provider


def _resource(service: str) -> Resource:
    """Name the process; what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say wins."""
    given = Resource.create()
    ours = {"service.namespace": "herald", "service.instance.id": str(uuid4())}
    missing = {name: value for name, value in ours.items() if name not in given.attributes}
    if str(given.attributes["service.name"]).startswith("unknown_service"):
        missing["service.name"] = service
    return given.merge(Resource(missing))


def _sampler(settings: TracingSettings) -> Sampler:
    if settings.sampler == "traceidratio":
        return TraceIdRatioBased(settings.ratio)
    if settings.sampler == "parentbased_traceidratio":
        return ParentBasedTraceIdRatio(settings.ratio)
    return {
        "always_on": ALWAYS_ON,
        "always_off": ALWAYS_OFF,
        "parentbased_always_off": DEFAULT_OFF,
    }.get(settings.sampler, DEFAULT_ON)


def _end(provider: TracerProvider) -> None:
    """Send what is left, for as long as the end of a process may take."""
    ending = threading.Thread(target=provider.shutdown, name="end of tracing", daemon=True)
    ending.start()
    ending.join(END_SECONDS)
