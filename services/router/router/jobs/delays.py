"""Writes the delays of deliveries that this router counted, and reads what all routers have.

A second's counts are one statement. Whatever a router that is killed had not written is lost, which
nobody misses among thousands; an outage loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from herald.config.fallback import FallbackRules
from herald.database.pool import Database
from herald.service.background import run_together
from herald.service.periodic import JITTER, Periodic
from router import metrics
from router.core.delays import Learned, Way, learn
from router.delay_counts import DELAYS, DelayCounts
from router.store.delays import add_delays, delete_delays, read_delays

WRITE_SECONDS = 1.0
READ_SECONDS = 60.0
KEPT_DAYS = 30


class DeliveryDelays:
    """Knows how long deliveries take."""

    def __init__(
        self, database: Database, rules: FallbackRules, counts: DelayCounts = DELAYS
    ) -> None:
        self._database = database
        self._rules = rules
        self._counts = counts
        self.learned: Mapping[Way, Learned] = {}

    async def run(self) -> None:
        """Write and read until cancelled; then write what is left."""
        try:
            await run_together(
                Periodic("delay_writing", self.write, WRITE_SECONDS, jitter=JITTER).run,
                Periodic("delay_reading", self.read, READ_SECONDS, jitter=JITTER).run,
            )
        finally:
            async with asyncio.timeout(WRITE_SECONDS):
                await self.write()

    async def write(self) -> None:
        """Write what was counted since the last time."""
        counts = self._counts.take()
        if not counts:
            return
        try:
            async with self._database.connection() as connection:
                await add_delays(connection, counts)
        except BaseException:
            self._counts.give_back(counts)
            raise

    async def read(self) -> None:
        """Learn from what all routers counted, and forget what is old."""
        async with self._database.connection() as connection:
            await delete_delays(connection, KEPT_DAYS)
            counted = await read_delays(connection)
        self.learned = learn(counted, self._rules)
        metrics.LEARNED_FALLBACK_SECONDS.clear()  # of what is known no longer
        for way, learned in self.learned.items():
            labels = (way.channel, way.provider, way.country)
            metrics.LEARNED_FALLBACK_SECONDS.labels(*labels).set(learned.wait.total_seconds())
