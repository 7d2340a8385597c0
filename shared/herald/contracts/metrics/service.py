"""What every service says of its process, its readiness and its listeners. Pure."""

from __future__ import annotations

from herald.contracts.metrics.definition import Across, counter, gauge, histogram

BUILD_INFO = gauge(
    "herald_build_info",
    "1",
    "Always 1; its labels say what runs",
    "service",
    "version",
    "python",
    across=Across.NONE,
)
READY = gauge(
    "herald_ready",
    "0 or 1",
    "1 while a check of readiness passes, 0 while it fails; `stopping` fails from SIGTERM on",
    "check",
    across=Across.NONE,
)
WARNING = gauge(
    "herald_warning",
    "0 or 1",
    "1 while a check fails that `/readyz` shows and that leaves the service ready",
    "check",
    across=Across.NONE,
)
LOOP_LAG_SECONDS = histogram(
    "herald_loop_lag_seconds",
    "seconds",
    "How much later than asked the event loop woke a sleeper, four times a second",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
LOOP_LAG_LATEST_SECONDS = gauge(
    "herald_loop_lag_latest_seconds",
    "seconds",
    "The last of these measurements",
    across=Across.NONE,
)
HTTP_REFUSED = counter(
    "herald_http_refused_total",
    "requests or connections",
    "Callers refused or cut off before an answer",
    "reason",
)
HTTP_CONNECTIONS = gauge(
    "herald_http_connections",
    "connections",
    "Connections that HTTP callers hold open",
    across=Across.SUM,
)
HTTP_BODY_BYTES = gauge(
    "herald_http_body_bytes",
    "bytes",
    "Bytes of request bodies held in memory",
    across=Across.SUM,
)
HTTP_ACCEPT_FAILURES = counter(
    "herald_http_accept_failures_total",
    "connections",
    "Connections not accepted for want of descriptors",
)
