"""The outbox: a transaction's messages are published after its commit, until they are confirmed.

A row is this process's while its claim lasts; publishing gives up before that, so a row that
another router takes over is never in flight here. A message may be published twice, always under
the same id.

Events are published apart: a user's queue that takes nothing must not hold the work of all others.
What it does not take stays in the row for a while. A broker that confirms nothing at all (an alarm
of its memory or disk) is another case: all is published again as soon as it confirms something.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog

from herald.bus.errors import NackedError, PublishError, RefusedError, TimedOutError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.contracts.topology import EVENTS
from herald.database.pool import OUTAGES, Database
from herald.service.periodic import Periodic
from router import metrics
from router.store.outbox import (
    OutboxRow,
    claim_lapsed,
    count_rows,
    delete_rows,
    encode,
    shorten,
)

CLAIM = timedelta(seconds=15)
PUBLISH_SECONDS = 10.0  # less than CLAIM
SWEEP_SECONDS = 1.0
SWEEP_ROWS = 50
SWEEP_BYTES = 8 * 1024 * 1024  # of a sweep's rows: decoded they take four times as much memory
AWAY_PAUSE = timedelta(seconds=2)  # until what met no broker, or an alarm, is tried again
CONFIRMING_SECONDS = PUBLISH_SECONDS / 2  # a broker that confirmed nothing for so long has an alarm
EVENTS_PAUSE = timedelta(minutes=1)  # until events that were not taken are tried again; it grows
EVENTS_KEPT = timedelta(days=1)  # a queue that has taken nothing for so long is given up
DRAIN_SECONDS = 3.0

Left = list[tuple[OutgoingMessage, PublishError]]  # messages not confirmed, each with the reason

_log = structlog.get_logger(__name__)


class Outbox:
    """Publishes rows, remembers which are confirmed, and sweeps those that lapsed."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        events: Publisher,
        *,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._events = events
        self._sweeping = Periodic("outbox", self._sweep, sweep_seconds, begins_with_pause=True)
        self._confirmed: set[UUID] = set()
        self._publishing_events: set[asyncio.Task[None]] = set()

    def row_of(self, messages: Sequence[OutgoingMessage]) -> OutboxRow | None:
        """Make the row of a transaction's messages; None when there are none."""
        if not messages:
            return None
        until = self._database.now() + CLAIM
        return OutboxRow(id=uuid4(), messages=encode(messages), claimed_until=until)

    def confirmed(self) -> list[UUID]:
        """Return rows whose messages are all confirmed, for the next transaction to delete."""
        return list(self._confirmed)

    def deleted(self, ids: Sequence[UUID]) -> None:
        """Note that a committed transaction deleted these rows."""
        self._confirmed.difference_update(ids)

    async def publish(
        self, row: UUID, messages: Sequence[OutgoingMessage], made_at: datetime | None = None
    ) -> None:
        """Publish a committed row; return when all but its events is confirmed or given up for now.

        What fails is left to the sweeper. `made_at`: of a row that was swept.
        """
        events = [message for message in messages if message.exchange == EVENTS]
        work = [message for message in messages if message.exchange != EVENTS]
        sending = asyncio.create_task(_left(self._events, events)) if events else None
        left = await _left(self._publisher, work) if work else []
        if sending is None:
            await self._conclude(row, left, [], made_at)
            return
        task = asyncio.create_task(self._conclude_events(row, left, sending, made_at))
        self._publishing_events.add(task)
        task.add_done_callback(self._publishing_events.discard)

    async def drain(self) -> None:
        """Wait a moment for events on their way; another router publishes what is left."""
        if self._publishing_events:
            await asyncio.wait(self._publishing_events, timeout=DRAIN_SECONDS)

    async def run(self) -> None:
        """Sweep lapsed rows, delete confirmed ones and measure the backlog, until cancelled."""
        await self._sweeping.run()

    async def flush(self) -> None:
        """Delete confirmed rows before the end, so that the next start publishes nothing twice."""
        try:
            async with self._database.connection() as connection:
                await delete_rows(connection, self.confirmed())
        except OUTAGES as error:
            _log.warning("outbox.flush_failed", error=type(error).__name__)

    async def _conclude_events(
        self, row: UUID, left: Left, sending: asyncio.Task[Left], made_at: datetime | None
    ) -> None:
        await self._conclude(row, left, await sending, made_at)

    async def _conclude(
        self, row: UUID, work: Left, events: Left, made_at: datetime | None
    ) -> None:
        """Note a row as confirmed, or leave in it the work and the events that were not taken."""
        now = self._database.now()
        age = now - (made_at or now)
        if age > EVENTS_KEPT:
            given_up = [item for item in events if isinstance(item[1], TimedOutError)]
            metrics.EVENTS_GIVEN_UP.inc(len(given_up))
            events = [item for item in events if item not in given_up]
        left = [*work, *events]
        if not left:
            self._confirmed.add(row)
            return
        _log.warning("outbox.left", messages=len(left), reason=str(left[0][1]))
        await self._shorten(row, left, now + self._pause(work, events, age))

    def _pause(self, work: Left, events: Left, age: timedelta) -> timedelta:
        """Return how long what was not taken waits for the next try."""
        if not _is_confirming(self._publisher):
            return AWAY_PAUSE
        return CLAIM if work else _events_pause(events, age)

    async def _shorten(self, row: UUID, left: Left, until: datetime) -> None:
        """Leave in a row the messages that were not taken; the rest of it is done."""
        messages = encode([message for message, _ in left])
        try:
            async with self._database.connection() as connection:
                await shorten(connection, OutboxRow(id=row, messages=messages, claimed_until=until))
        except OUTAGES as error:
            _log.warning("outbox.not_shortened", error=type(error).__name__)

    async def _sweep(self) -> bool:
        """Publish what lapsed; return whether to look for more at once."""
        async with self._database.connection() as connection:
            confirmed = self.confirmed()
            if confirmed:
                await delete_rows(connection, confirmed)
                self.deleted(confirmed)
            # While nothing is confirmed one row is tried for all: what is published again and again
            # into an alarm arrives as often when it ends.
            is_confirming = _is_confirming(self._publisher) or _is_confirming(self._events)
            limit = SWEEP_ROWS if is_confirming else 1
            rows = await claim_lapsed(connection, self._database.now(), CLAIM, limit, SWEEP_BYTES)
            waiting, age = await count_rows(connection)
        metrics.OUTBOX_ROWS.set(waiting)
        metrics.OUTBOX_AGE_SECONDS.set(age)
        metrics.OUTBOX_SWEPT.inc(len(rows))
        await asyncio.gather(*(self.publish(*row) for row in rows))
        return is_confirming and bool(rows)


def _is_confirming(publisher: Publisher) -> bool:
    """Whether the broker confirmed something of late; the router always publishes something."""
    at = publisher.confirmed_at
    return at is not None and time.monotonic() - at < CONFIRMING_SECONDS


def _events_pause(events: Left, age: timedelta) -> timedelta:
    """Return how long events wait for the next try.

    Of a sick queue it is the longer the older they are: rows that pile up must not keep the sweeper
    from others. A broker that is away takes everything when it is back.
    """
    is_sick = any(isinstance(error, TimedOutError) for _, error in events)
    return max(EVENTS_PAUSE, age / 2) if is_sick else AWAY_PAUSE


async def _left(publisher: Publisher, messages: Sequence[OutgoingMessage]) -> Left:
    """Publish messages; return those to be published again, each with the reason."""
    results = await publisher.publish_many(messages, PUBLISH_SECONDS)
    return [
        (message, result)
        for message, result in zip(messages, results, strict=True)
        if result is not None and not _is_final(message, result)
    ]


def _is_final(message: OutgoingMessage, error: PublishError) -> bool:
    """Whether nothing more is to be done: a user's full queue must never stop the gateway."""
    if isinstance(error, NackedError) and message.exchange == EVENTS:
        metrics.EVENTS_NACKED.inc()
        return True
    if isinstance(error, RefusedError):
        _log.error("outbox.refused", exchange=message.exchange, reason=str(error))
        return True
    return False
