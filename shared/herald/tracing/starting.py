"""Starting to trace, if the settings say so. Only then is OpenTelemetry imported."""

from __future__ import annotations

from herald.tracing.settings import TracingSettings


def start_tracing(service: str, settings: TracingSettings | None) -> None:
    """Record this process's spans from now on; None: record nothing.

    `service`: the service's name in traces, unless OTEL_SERVICE_NAME gives another.
    """
    if settings is None:
        return
    from herald.tracing.exporting import start_exporting  # noqa: PLC0415  see above

    start_exporting(service, settings)
