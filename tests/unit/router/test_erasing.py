"""Erasing while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

from structlog.testing import capture_logs

from herald.config.loading import load_configuration
from router.jobs.erasing import Erasing, ErasingPace

CONFIGURATION = Path(__file__).parents[2] / "behaviour" / "router" / "herald.toml"


class UnitsWithoutDatabase:
    """Units of work on a database that nobody reaches; `asked` says how often it was tried."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[None] = asyncio.Queue()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        self.asked.put_nowait(None)
        raise ConnectionRefusedError
        yield


async def test_an_outage_of_the_database_is_logged_once() -> None:
    """Erasures are looked for twice a second, and a database that is away is no news each time."""
    units = UnitsWithoutDatabase()
    configuration = load_configuration(CONFIGURATION).file
    erasing = Erasing(cast("Any", units), configuration, ErasingPace(scan_seconds=0))
    with capture_logs() as logged:
        task = asyncio.create_task(erasing.run())
        for _ in range(2):
            await asyncio.wait_for(units.asked.get(), 5)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert [entry["event"] for entry in logged] == ["erasing.failed"]
