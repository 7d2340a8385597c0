"""One recorder a lane, so that an urgent report never waits for a campaign's."""

from __future__ import annotations

import asyncio

from herald.bus.publishing import Publisher
from herald.channel.finished import Finished
from herald.channel.recorder import Recorder
from herald.channel.routers import Routers
from herald.contracts.vocabulary import Lane
from herald.database.pool import Database
from herald.service.background import run_together


class Recorders:
    """Takes finished work in, whatever its lane, and reports each lane's by itself."""

    def __init__(self, channel: str, database: Database, publisher: Publisher) -> None:
        self._routers = Routers(database)
        self._lanes = {
            lane: Recorder(
                channel, database, publisher, in_batches=lambda: self._routers.read_batches
            )
            for lane in Lane
        }

    @property
    def held(self) -> set[str]:
        """The attempts whose reports are not recorded yet."""
        return set().union(*(recorder.held for recorder in self._lanes.values()))

    @property
    def problem(self) -> str | None:
        """Why reports can't be recorded; None when they can."""
        problems = (recorder.problem for recorder in self._lanes.values())
        return next(filter(None, problems), None)

    def add(self, finished: Finished) -> None:
        """Take finished work in."""
        self._lanes[finished.receipt.lane or Lane.NORMAL].add(finished)

    async def run(self) -> None:
        """Report until cancelled."""
        await run_together(self._routers.run, *(recorder.run for recorder in self._lanes.values()))

    async def finish(self) -> None:
        """Report what is left, at the end."""
        await asyncio.gather(*(recorder.finish() for recorder in self._lanes.values()))
