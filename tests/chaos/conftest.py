"""A Herald of this module's own, with a broker and a database that may be killed."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.firehose import listen, trace
from herald_local.lifecycle import running_stack
from herald_local.servers import GivenServers, erase
from herald_local.stack import Stack

RUN = Path(__file__).resolve().parents[2] / ".run"


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Give a whole Herald on private servers; all of it ends with the module."""
    home = RUN / f"chaos-{os.getpid()}"
    failed_before = request.session.testsfailed
    try:
        with running_stack(home, GivenServers()) as running:
            trace(running)
            asyncio.run(listen(running))
            yield running
    finally:
        if request.session.testsfailed > failed_before:  # what the services said outlives it
            shutil.copytree(home / "logs", RUN / "failed-test-logs" / "chaos", dirs_exist_ok=True)
        erase(home)
