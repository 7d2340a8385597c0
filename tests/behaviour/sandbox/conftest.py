"""A sandbox of each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from behaviour.sandbox.world import World, running_world


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Give a running sandbox, quick and empty."""
    async with running_world(tmp_path) as running:
        yield running
