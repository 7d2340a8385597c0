"""What becomes of spans when the collector takes none."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs

from herald.tracing import exporting
from herald.tracing.exporting import make_provider
from herald.tracing.opentelemetry_spans import OpenTelemetryTracer
from herald.tracing.settings import TracingSettings
from herald.tracing.spans import Kind


class Hanging(SpanExporter):
    """A collector that takes a connection and never answers, until it is let go."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.goes_on = threading.Event()
        self.exported = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.began.set()
        self.goes_on.wait(10)
        self.exported += len(spans)
        return SpanExportResult.FAILURE


def test_a_collector_that_hangs_costs_spans_alone() -> None:
    """No more wait than the queue holds, the rest is dropped, and one line says so."""
    exporter = Hanging()
    provider = make_provider("herald-router", TracingSettings(max_queue=4), exporter)
    tracer = OpenTelemetryTracer(provider.get_tracer("test"))
    with capture_logs() as logs:
        for _ in range(4):
            tracer.begin("one", Kind.INTERNAL, None, {}).end()
        assert exporter.began.wait(10)
        for _ in range(100):
            tracer.begin("more", Kind.INTERNAL, None, {}).end()
        exporter.goes_on.set()
        provider.shutdown()
    assert exporter.exported == 4
    assert [line["event"] for line in logs].count("tracing.dropped") == 1
    assert [line["event"] for line in logs].count("tracing.not_exported") == 1


def test_the_end_of_a_process_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be sent in time is lost with the process."""
    monkeypatch.setattr(exporting, "END_SECONDS", 0.05)
    exporter = Hanging()
    provider = make_provider("herald-router", TracingSettings(), exporter)
    OpenTelemetryTracer(provider.get_tracer("test")).begin("one", Kind.INTERNAL, None, {}).end()
    exporting._end(provider)
    assert exporter.exported == 0
    exporter.goes_on.set()


@pytest.mark.parametrize(
    ("sampler", "ratio", "recorded"),
    [
        ("parentbased_always_on", 1.0, 200),
        ("always_off", 1.0, 0),
        ("parentbased_traceidratio", 0.0, 0),
        ("traceidratio", 1.0, 200),
    ],
)
def test_a_share_is_recorded(sampler: str, ratio: float, recorded: int) -> None:
    """A new trace is recorded or not as the sampler says."""
    exporter = Hanging()
    exporter.goes_on.set()
    provider = make_provider(
        "herald-router", TracingSettings(sampler=sampler, ratio=ratio), exporter
    )
    tracer = OpenTelemetryTracer(provider.get_tracer("test"))
    for _ in range(200):
        tracer.begin("one", Kind.INTERNAL, None, {}).end()
    provider.shutdown()
    assert exporter.exported == recorded


def test_the_environment_names_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry's own variables win over our names."""
    exporter = Hanging()
    ours = make_provider("herald-router", TracingSettings(), exporter).resource.attributes
    monkeypatch.setenv("OTEL_SERVICE_NAME", "router-of-ours")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=pod-7")
    theirs = make_provider("herald-router", TracingSettings(), exporter).resource.attributes
    assert ours["service.name"] == "herald-router"
    assert (theirs["service.name"], theirs["service.instance.id"]) == ("router-of-ours", "pod-7")
    exporter.goes_on.set()
