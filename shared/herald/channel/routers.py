"""What the routers that run can read: versions run side by side and take from the same queues."""

from __future__ import annotations

from herald.database.pool import Database
from herald.database.queries import load_queries
from herald.service.periodic import Periodic

INTERVAL_SECONDS = 1.0

_QUERIES = load_queries("herald.channel")


class Routers:
    """Knows whether all of them read several receipts in one message.

    The database is asked once a second.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._periodic = Periodic("routers", self._ask, INTERVAL_SECONDS)
        self.read_batches = False  # all of them do; where it is not known, none is taken to

    async def run(self) -> None:
        """Ask until cancelled."""
        await self._periodic.run()

    async def turn(self) -> None:
        """Ask once."""
        await self._periodic.turn()

    async def _ask(self) -> None:
        answer = False
        try:
            async with self._database.connection() as connection:
                answer = await connection.fetchval(_QUERIES["routers_read_batches"])
        finally:
            self.read_batches = answer
