"""Making the history's partitions ahead of time."""

from __future__ import annotations

import asyncio

import structlog

from herald.bus.batches import where
from herald.database.pool import Database

DAYS_AHEAD = 7
INTERVAL_SECONDS = 3600

_log = structlog.get_logger(__name__)


class Partitions:
    """Keeps a week of history partitions ready; a day without one lands in the default."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Make what is missing, every hour, until cancelled."""
        while True:
            try:
                async with self._database.connection() as connection:
                    await connection.execute(
                        "SELECT router.make_history_partitions($1)", DAYS_AHEAD
                    )
            except Exception as error:  # noqa: BLE001  the clocks beside it go on
                _log.error("partitions.failed", error=type(error).__name__, where=where(error))
            await asyncio.sleep(INTERVAL_SECONDS)
