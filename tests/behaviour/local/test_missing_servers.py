"""A session of tests on a machine that has no broker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PLUGIN = "behaviour.local.without_rabbitmq"


def test_it_ends_at_once_and_names_the_variables() -> None:
    """One line instead of an error for every test, and the tests' own variables."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HERALD_")}
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            PLUGIN,
            "tests/behaviour/local/test_servers.py",
        ],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in ended.stdout.splitlines() if "RabbitMQ is missing" in line]
    assert ended.returncode == 1
    assert len(lines) == 1
    assert "HERALD_TEST_AMQP_URL and HERALD_TEST_RABBITMQ_MANAGEMENT_URL" in lines[0]
    assert len(ended.stdout.splitlines()) < 5
