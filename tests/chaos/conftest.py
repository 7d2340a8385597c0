"""Heralds of these tests' own, with brokers and databases that may be killed."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaos.firehose import listen, trace
from chaos.fleet import Fleet, running_fleet
from herald_local.lifecycle import running_stack
from herald_local.servers import GivenServers, erase
from herald_local.stack import Stack

RUN = Path(__file__).resolve().parents[2] / ".run"


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Give a whole Herald on private servers; all of it ends with the module."""
    with _home(request, "chaos") as home, running_stack(home, GivenServers()) as running:
        _watch(running)
        yield running


@pytest.fixture(scope="package")
def fleet(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """Give two of each service on private servers; all of it ends with these tests."""
    with _home(request, "fleet") as home, running_fleet(home) as running:
        _watch(running.stack)
        yield running


@contextmanager
def _home(request: pytest.FixtureRequest, name: str) -> Iterator[Path]:
    home = RUN / f"{name}-{os.getpid()}"
    failed_before = request.session.testsfailed
    try:
        yield home
    finally:
        if request.session.testsfailed > failed_before:  # what the services said outlives it
            shutil.copytree(home / "logs", RUN / "failed-test-logs" / name, dirs_exist_ok=True)
        erase(home)


def _watch(stack: Stack) -> None:
    trace(stack)
    asyncio.run(listen(stack))
