"""While tracing is off nothing of OpenTelemetry is imported: neither API nor SDK nor exporter."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import sys
import router.running, ingress.running, channel_sms.app, herald.channel.running
probed = {"opentelemetry", "opentelemetry.semconv"}  # FastStream looks whether they are there
loaded = {name for name in sys.modules if name.partition(".")[0] in ("opentelemetry", "google")}
print(sorted(loaded - probed))
"""
ON = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
START = f"""
import sys
from herald.tracing.settings import read_tracing
from herald.tracing.starting import start_tracing
imported = []
for environment in ({{}}, {ON!r}):
    start_tracing("herald-router", read_tracing(environment, []))
    imported.append("opentelemetry.sdk.trace" in sys.modules)
print(imported)
"""


def _printed(program: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=kept,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()[-1]


def test_services_do_not_import_it() -> None:
    """It is not among all that they import at their start."""
    assert _printed(PROGRAM) == "[]"


def test_starting_imports_it_only_when_on() -> None:
    """The address of a collector is what makes the difference."""
    assert _printed(START) == "[False, True]"
