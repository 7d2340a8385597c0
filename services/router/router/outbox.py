"""The outbox: what a transaction promised is published after its commit, and until it is confirmed.

A row is ours while its claim lasts; publishing gives up before that, so a row that another router
takes over is never in flight here. A frame may be published twice, always under the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import structlog
from pydantic_core import from_json, to_json

from herald.bus.errors import NackedError, PublishError, RefusedError
from herald.bus.frames import Frame
from herald.bus.publishing import Publisher
from herald.database.pool import OUTAGES, Database
from herald.topology import EVENTS
from router import metrics
from router.store.outbox import Promise, claim_lapsed_outbox, forget_outbox, outbox_backlog

CLAIM = timedelta(seconds=15)
PUBLISH_SECONDS = 10.0  # less than CLAIM
SWEEP_SECONDS = 1.0
SWEEP_ROWS = 50

_log = structlog.get_logger(__name__)


class Outbox:
    """Publishes promises, remembers which rows are settled, and sweeps those that lapsed."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._database = database
        self._publisher = publisher
        self._settled: set[UUID] = set()

    def promise(self, frames: Sequence[Frame]) -> Promise | None:
        """Make the outbox row for a transaction's frames; None when there are none."""
        if not frames:
            return None
        return Promise(id=uuid4(), frames=encode(frames), claimed_until=datetime.now(UTC) + CLAIM)

    def settled(self) -> list[UUID]:
        """Return rows whose frames are all confirmed; the next transaction deletes them."""
        return list(self._settled)

    def forgotten(self, ids: Sequence[UUID]) -> None:
        """Note that a committed transaction deleted these rows."""
        self._settled.difference_update(ids)

    async def publish(self, row: UUID, frames: Sequence[Frame]) -> None:
        """Publish what a committed transaction promised. What fails is left to the sweeper."""
        outcomes = await self._publisher.publish_many(frames, PUBLISH_SECONDS)
        problems = [
            outcome
            for frame, outcome in zip(frames, outcomes, strict=True)
            if outcome is not None and not _is_final(frame, outcome)
        ]
        if problems:
            _log.warning("outbox.left", frames=len(problems), reason=str(problems[0]))
        else:
            self._settled.add(row)

    async def run(self) -> None:
        """Sweep lapsed rows, drop settled ones and measure the backlog, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._sweep()
            except OUTAGES as error:
                _log.warning("outbox.sweep_failed", error=type(error).__name__)

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
            rows = await claim_lapsed_outbox(connection, datetime.now(UTC), CLAIM, SWEEP_ROWS)
            waiting, age = await outbox_backlog(connection)
        metrics.OUTBOX_ROWS.set(waiting)
        metrics.OUTBOX_AGE_SECONDS.set(age)
        for row, frames in rows:
            metrics.OUTBOX_SWEPT.inc()
            await self.publish(row, decode(frames))


def encode(frames: Sequence[Frame]) -> str:
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


def decode(text: str) -> list[Frame]:
    """Read frames back from an outbox row."""
    return [Frame(**{**item, "body": item["body"].encode()}) for item in from_json(text)]


def _is_final(frame: Frame, error: PublishError) -> bool:
    """Whether nothing more is to be done: a user's full queue must never stop the gateway."""
    if isinstance(error, NackedError) and frame.exchange == EVENTS:
        metrics.EVENTS_NACKED.inc()
        return True
    if isinstance(error, RefusedError):
        _log.error("outbox.refused", exchange=frame.exchange, reason=str(error))
        return True
    return False
