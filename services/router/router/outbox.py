"""The outbox: what a transaction promised is published after its commit, and until it is confirmed.

A row is ours while its claim lasts; publishing gives up before that, so a row that another router
takes over is never in flight here. A frame may be published twice, always under the same id.

Events go their own way: a user's queue that takes nothing must not hold the work of all others.
What it does not take stays in the row, for a while. A broker that confirms nothing at all (an alarm
of its memory or disk) is another matter: all is published again as soon as it confirms something.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from pydantic_core import from_json, to_json

from herald.bus.errors import NackedError, PublishError, RefusedError, TimedOutError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.contracts.topology import EVENTS
from herald.database.pool import OUTAGES, Database
from herald.service.periodic import Periodic
from router import metrics
from router.store.outbox import (
    Promise,
    claim_lapsed_outbox,
    forget_outbox,
    keep_events,
    outbox_backlog,
)

CLAIM = timedelta(seconds=15)
PUBLISH_SECONDS = 10.0  # less than CLAIM
SWEEP_SECONDS = 1.0
SWEEP_ROWS = 50
AWAY_PAUSE = timedelta(seconds=2)  # until frames that met no broker, or an alarm, are tried again
CONFIRMING_SECONDS = PUBLISH_SECONDS / 2  # a broker that confirmed nothing for so long has an alarm
EVENTS_PAUSE = timedelta(minutes=1)  # until events that were not taken are tried again; it grows
EVENTS_KEPT = timedelta(days=1)  # a queue that has taken nothing for so long is given up
DRAIN_SECONDS = 3.0

Left = list[tuple[OutgoingMessage, PublishError]]  # frames not confirmed, each with the reason

_log = structlog.get_logger(__name__)


class Outbox:
    """Publishes promises, remembers which rows are settled, and sweeps those that lapsed."""

    def __init__(self, database: Database, publisher: Publisher, events: Publisher) -> None:
        self._database = database
        self._publisher = publisher
        self._events = events
        self._settled: set[UUID] = set()
        self._telling: set[asyncio.Task[None]] = set()

    def promise(self, frames: Sequence[OutgoingMessage]) -> Promise | None:
        """Make the outbox row for a transaction's frames; None when there are none."""
        if not frames:
            return None
        return Promise(
            id=uuid4(), frames=encode(frames), claimed_until=self._database.now() + CLAIM
        )

    def settled(self) -> list[UUID]:
        """Return rows whose frames are all confirmed; the next transaction deletes them."""
        return list(self._settled)

    def forgotten(self, ids: Sequence[UUID]) -> None:
        """Note that a committed transaction deleted these rows."""
        self._settled.difference_update(ids)

    async def publish(
        self, row: UUID, frames: Sequence[OutgoingMessage], made_at: datetime | None = None
    ) -> None:
        """Publish what a committed transaction promised; return when all but events is settled.

        What fails is left to the sweeper. `made_at`: of a row that was swept.
        """
        events = [frame for frame in frames if frame.exchange == EVENTS]
        work = [frame for frame in frames if frame.exchange != EVENTS]
        told = asyncio.create_task(_left(self._events, events)) if events else None
        undone = await _left(self._publisher, work) if work else []
        if told is None:
            await self._settle(row, undone, [], made_at)
            return
        task = asyncio.create_task(self._finish(row, undone, told, made_at))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def drain(self) -> None:
        """Wait a moment for events on their way; what is left is another router's."""
        if self._telling:
            await asyncio.wait(self._telling, timeout=DRAIN_SECONDS)

    async def _finish(
        self, row: UUID, undone: Left, told: asyncio.Task[Left], made_at: datetime | None
    ) -> None:
        """Settle a row once its events are told, or leave them in it."""
        await self._settle(row, undone, await told, made_at)

    async def _settle(
        self, row: UUID, undone: Left, untold: Left, made_at: datetime | None
    ) -> None:
        """Settle a row, or leave in it the work and the events that were not taken."""
        now = self._database.now()
        age = now - (made_at or now)
        if age > EVENTS_KEPT:
            given_up = [item for item in untold if isinstance(item[1], TimedOutError)]
            metrics.EVENTS_GIVEN_UP.inc(len(given_up))
            untold = [item for item in untold if item not in given_up]
        left = [*undone, *untold]
        self._conclude(row, left)
        if not left:
            return
        if not _is_confirming(self._publisher):
            await self._keep(row, left, now + AWAY_PAUSE)
        elif not undone:
            await self._keep(row, left, now + _pause(untold, age))

    async def _keep(self, row: UUID, left: Left, until: datetime) -> None:
        """Leave in a row the frames that were not taken; the rest of it is done."""
        kept = Promise(id=row, frames=encode([frame for frame, _ in left]), claimed_until=until)
        try:
            async with self._database.connection() as connection:
                await keep_events(connection, kept)
        except OUTAGES as error:
            _log.warning("outbox.not_shortened", error=type(error).__name__)

    def _conclude(self, row: UUID, left: Left) -> None:
        if left:
            _log.warning("outbox.left", frames=len(left), reason=str(left[0][1]))
        else:
            self._settled.add(row)

    async def run(self) -> None:
        """Sweep lapsed rows, drop settled ones and measure the backlog, until cancelled."""
        await Periodic("outbox", self._sweep, SWEEP_SECONDS, begins_with_pause=True).run()

    @property
    def _is_confirming(self) -> bool:
        return _is_confirming(self._publisher) or _is_confirming(self._events)

    async def flush(self) -> None:
        """Drop settled rows before the end, so that the next start publishes nothing twice."""
        settled = self.settled()
        try:
            async with self._database.connection() as connection:
                await forget_outbox(connection, settled)
        except OUTAGES as error:
            _log.warning("outbox.flush_failed", error=type(error).__name__)

    async def _sweep(self) -> None:
        async with self._database.connection() as connection:
            settled = self.settled()
            if settled:
                await forget_outbox(connection, settled)
                self.forgotten(settled)
            # While nothing is confirmed one row asks for all: what is published again and again
            # into an alarm arrives as often when it ends.
            limit = SWEEP_ROWS if self._is_confirming else 1
            rows = await claim_lapsed_outbox(connection, self._database.now(), CLAIM, limit)
            waiting, age = await outbox_backlog(connection)
        metrics.OUTBOX_ROWS.set(waiting)
        metrics.OUTBOX_AGE_SECONDS.set(age)
        metrics.OUTBOX_SWEPT.inc(len(rows))
        await asyncio.gather(
            *(self.publish(row, decode(frames), made_at) for row, frames, made_at in rows)
        )


def _is_confirming(publisher: Publisher) -> bool:
    """Whether the broker confirmed something of late; the router always publishes something."""
    at = publisher.confirmed_at
    return at is not None and time.monotonic() - at < CONFIRMING_SECONDS


def _pause(untold: Left, age: timedelta) -> timedelta:
    """Return how long events wait for the next try.

    Of a sick queue it is the longer the older they are: rows that pile up must not keep the sweeper
    from others. A broker that is away takes everything when it is back.
    """
    is_sick = any(isinstance(error, TimedOutError) for _, error in untold)
    return max(EVENTS_PAUSE, age / 2) if is_sick else AWAY_PAUSE


async def _left(publisher: Publisher, frames: Sequence[OutgoingMessage]) -> Left:
    """Publish frames; return those that must be published again, each with the reason."""
    outcomes = await publisher.publish_many(frames, PUBLISH_SECONDS)
    return [
        (frame, outcome)
        for frame, outcome in zip(frames, outcomes, strict=True)
        if outcome is not None and not _is_final(frame, outcome)
    ]


def encode(frames: Sequence[OutgoingMessage]) -> str:
    """Write frames as the outbox keeps them: readable JSON, bodies as text."""
    return to_json(
        [
            {
                "exchange": frame.exchange,
                "routing_key": frame.routing_key,
                "message_id": frame.message_id,
                "type": frame.type,
                "correlation_id": frame.correlation_id,
                "mandatory": frame.mandatory,
                "body": frame.body.decode(),
            }
            for frame in frames
        ]
    ).decode()


def decode(text: str) -> list[OutgoingMessage]:
    """Read frames back from an outbox row."""
    return [OutgoingMessage(**{**item, "body": item["body"].encode()}) for item in from_json(text)]


def _is_final(frame: OutgoingMessage, error: PublishError) -> bool:
    """Whether nothing more is to be done: a user's full queue must never stop the gateway."""
    if isinstance(error, NackedError) and frame.exchange == EVENTS:
        metrics.EVENTS_NACKED.inc()
        return True
    if isinstance(error, RefusedError):
        _log.error("outbox.refused", exchange=frame.exchange, reason=str(error))
        return True
    return False
