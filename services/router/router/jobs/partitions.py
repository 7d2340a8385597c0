"""Making the history's partitions ahead of time."""

from __future__ import annotations

from herald.database.pool import Database
from herald.service.periodic import Periodic

DAYS_AHEAD = 7
INTERVAL_SECONDS = 3600


class Partitions:
    """Keeps a week of history partitions ready; a day without one lands in the default."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Make what is missing, every hour, until cancelled."""
        await Periodic("partitions", self._make, INTERVAL_SECONDS).run()

    async def _make(self) -> None:
        async with self._database.connection() as connection:
            await connection.execute("SELECT router.make_history_partitions($1)", DAYS_AHEAD)
