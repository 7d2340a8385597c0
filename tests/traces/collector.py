"""An OTLP/HTTP collector in this process: it reads what services send, as a real one would."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

PATH = "/v1/traces"
PATIENCE_SECONDS = 30.0
_OK, _NOT_FOUND = 200, 404


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedSpan:
    """One span as it arrived."""

    service: str
    instance: str
    name: str
    kind: str  # SERVER, CLIENT, CONSUMER, PRODUCER, INTERNAL
    trace_id: str
    span_id: str
    parent_id: str  # empty: the first of its trace
    start_ns: int
    end_ns: int
    attributes: dict[str, str | int]
    events: tuple[tuple[str, dict[str, str | int]], ...]
    links: tuple[tuple[str, str], ...]  # of trace and span
    failed: bool


@dataclass(slots=True)
class Collector:
    """What has arrived so far."""

    url: str = ""
    spans: list[CollectedSpan] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def trace(self, trace_id: str) -> list[CollectedSpan]:
        """Return the spans of a trace, in the order in which they began."""
        with self._arrived:
            found = [span for span in self.spans if span.trace_id == trace_id]
        return sorted(found, key=lambda span: (span.start_ns, span.end_ns))

    def wait(self, is_enough: Callable[[], bool]) -> None:
        """Wait until enough has arrived."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._arrived:
            while not is_enough():
                assert self._arrived.wait(deadline - time.monotonic()), "spans are missing"

    def take(self, body: bytes) -> None:
        """Take a request in."""
        request = ExportTraceServiceRequest.FromString(body)
        with self._arrived:
            self.bodies.append(body)
            self.spans += _spans(request)
            self._arrived.notify_all()


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector for the time of a `with` block."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            status = _OK if self.path == PATH else _NOT_FOUND
            if status == _OK:
                collector.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, name="collector", daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()


def _spans(request: ExportTraceServiceRequest) -> Iterator[CollectedSpan]:
    for group in request.resource_spans:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_spans:
            for span in scope.spans:
                yield _span(span, resource)


def _span(span: SpanMessage, resource: dict[str, str | int]) -> CollectedSpan:
    kind = SpanMessage.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_")
    return CollectedSpan(
        service=str(resource.get("service.name", "")),
        instance=str(resource.get("service.instance.id", "")),
        name=span.name,
        kind=kind,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_attributes(span.attributes),
        events=tuple((event.name, _attributes(event.attributes)) for event in span.events),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
    )


def _attributes(pairs: Sequence[KeyValue]) -> dict[str, str | int]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> str | int:
    return value.int_value if value.HasField("int_value") else value.string_value
