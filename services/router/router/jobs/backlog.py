"""Shows what is under way: measured by one router at a time, shown by all of them.

So that it is seen when no worker lives, and costs the database the same however many routers run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product

from herald.contracts.topology import outbound_queue
from herald.contracts.vocabulary import Lane
from herald.database.pool import Database
from herald.service.periodic import JITTER, Periodic
from router import metrics
from router.store.measurement import Measurement, keep, measure, read, take_turn
from router.store.messages import places_of

LOOK_SECONDS = 5.0
PAUSE = timedelta(seconds=10)  # between two measurements at least
SHARE = 20  # a measurement is followed by a pause so many times as long as it took
TURN = timedelta(seconds=60)  # of a router that hangs meanwhile; longer than its statements may be


class Backlog:
    """Measures when it is this router's turn, and sets the gauges to what was measured last."""

    def __init__(self, database: Database, channels: Iterable[str]) -> None:
        self._database = database
        self._channels = tuple(channels)
        self._queues = {
            outbound_queue(channel, lane): (channel, lane.value)
            for channel, lane in product(self._channels, Lane)
        }
        self._places = [place for queue in self._queues for place in places_of(queue)]
        self._measured_at: datetime | None = None
        metrics.MEASURED_AGE_SECONDS.set_function(self._age_seconds)

    async def run(self) -> None:
        """Show until cancelled."""
        await Periodic("backlog", self.turn, LOOK_SECONDS, jitter=JITTER).run()

    async def turn(self) -> None:
        """Measure if it is time, and show what is known."""
        async with self._database.connection() as connection:
            began_at = await take_turn(connection, TURN)
            if began_at is not None:
                began = time.monotonic()
                figures = await measure(connection, self._places)
                took = timedelta(seconds=time.monotonic() - began)
                await keep(connection, figures, began_at, max(PAUSE, SHARE * took))
            measurement = await read(connection)
        if measurement is not None:
            self._show(measurement)

    def _show(self, measurement: Measurement) -> None:
        figures, now = measurement.figures, measurement.read_at
        for queue, labels in self._queues.items():
            places = places_of(queue)
            since = min((figures.oldest.get(place, now) for place in places), default=now)
            waiting = [figures.waiting.get(place, 0) for place in places]
            _, returned, held = waiting
            metrics.BACKLOG_AGE_SECONDS.labels(*labels).set((now - since).total_seconds())
            metrics.BACKLOG_MESSAGES.labels(*labels).set(sum(waiting))
            metrics.BACKLOG_RETURNED_MESSAGES.labels(*labels).set(returned)
            metrics.BACKLOG_HELD_MESSAGES.labels(*labels).set(held)
        for channel in self._channels:
            metrics.UNKNOWN_ATTEMPTS.labels(channel).set(figures.unknown.get(channel, 0))
        metrics.MESSAGES_OPEN.set(figures.open)
        self._measured_at = measurement.measured_at

    def _age_seconds(self) -> float:
        if self._measured_at is None:
            return math.nan  # nobody has measured yet
        return max(0.0, (self._database.now() - self._measured_at).total_seconds())
