"""What a service's process does not import."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from {package}.__main__ import leave_out_colours
leave_out_colours()
import {module}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
SERVICES = {
    "router": "router.running",
    "ingress": "ingress.running",
    "channel_sms": "channel_sms.app",
}


@pytest.mark.parametrize("package", SERVICES)
def test_a_service_imports_nothing_for_colours(package: str) -> None:
    """Structlog's console is not used by services, nor what it would be coloured by."""
    program = PROGRAM.format(package=package, module=SERVICES[package])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    loaded = set(done.stdout.split())
    assert "structlog" in loaded
    assert not loaded & {"rich", "pygments"}
