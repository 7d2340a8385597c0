"""Returns deliveries to their queues while the database is away, for another router to handle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from herald.bus.subscribers import BatchSubscriber
from herald.database.pool import Database
from herald.service.periodic import Periodic

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 4.5  # without an answer of the database; then other routers get the deliveries
LOOKS = 2  # a process that was suspended finds its database silent, too, until it has asked again

_log = structlog.get_logger(__name__)


class OutagePause:
    """Pauses consumers while the database is away, and resumes them when it answers."""

    def __init__(self, database: Database, subscribers: Sequence[BatchSubscriber]) -> None:
        self._database = database
        self._subscribers = subscribers
        self._silent_looks = 0
        self._is_paused = False

    async def run(self) -> None:
        """Look twice a second, until cancelled."""
        await Periodic("outage_pause", self.look, LOOK_SECONDS, begins_with_pause=True).run()

    async def look(self) -> None:
        """Pause after a few seconds without the database, resume as soon as it is back."""
        is_silent = self._database.silent_seconds > PATIENCE_SECONDS
        self._silent_looks = self._silent_looks + 1 if is_silent else 0
        if self._is_paused and not is_silent and self._database.problem is None:
            self._is_paused = False
            _log.info("consumers.resumed")
            await asyncio.gather(*(subscriber.resume() for subscriber in self._subscribers))
        elif not self._is_paused and self._silent_looks >= LOOKS:
            self._is_paused = True
            _log.warning("consumers.paused", reason="the database does not answer")
            await asyncio.gather(*(subscriber.pause() for subscriber in self._subscribers))
