"""What README shows runs as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from herald_local.stack import Stack

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def _run(block: str, stack: Stack) -> str:
    environment = {**os.environ, "HERALD_AMQP_URL": stack.servers.amqp_url}
    done = subprocess.run(
        [sys.executable, "-c", block],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_plain_client_sees_the_fallback_and_the_delivery(stack: Stack) -> None:
    """The first example prints the answer, the fallback and the delivery by SMS."""
    printed = _run(BLOCKS[0], stack)
    for line in (
        "herald.command.accepted.v1 None queued",
        "herald.message.fallback.v1 whatsapp queued",
        "herald.message.delivered.v1 sms delivered",
    ):
        assert line in printed


@pytest.mark.parametrize("index", range(1, len(BLOCKS)))
def test_example_runs(stack: Stack, index: int) -> None:
    """Every other example runs without an error."""
    _run(BLOCKS[index], stack)
