"""Timers: messages whose deadline has passed are locked, decided and saved, in batches.

One that can't be decided is put off, so that it delays no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from herald.database.pool import Database
from herald.service.periodic import JITTER, Periodic
from router import metrics
from router.batches import apply_isolated
from router.core.deadlines import due_at, gate_of, silence_at
from router.core.facts import Due
from router.core.message import Message
from router.store.due import find_due, lock_due, postpone
from router.unit_of_work import UnitsOfWork

SCAN_SECONDS = 0.25
BATCH = 200
PUT_OFF = timedelta(minutes=10)  # a bug may be mended by then

_log = structlog.get_logger(__name__)


class Timers:
    """Scans for due messages; any number of routers may do so at once."""

    def __init__(
        self,
        database: Database,
        units: UnitsOfWork,
        gates: Callable[[], Mapping[str, datetime]],
    ) -> None:
        self._database = database
        self._units = units
        self._gates = gates
        self._periodic = Periodic("timers", self._scan, SCAN_SECONDS, jitter=JITTER)

    @property
    def problem(self) -> str | None:
        """What the last scan failed of, for readiness."""
        return self._periodic.problem

    async def run(self) -> None:
        """Scan until cancelled."""
        await self._periodic.run()

    async def _scan(self) -> bool:
        """Act on what is due; return whether more may be."""
        now, gates = self._database.now(), self._gates()
        async with self._database.connection() as connection:
            found = await find_due(connection, now, gates, BATCH)
        ours = 0

        async def act(ids: Sequence[UUID]) -> None:
            nonlocal ours
            ours += await self._act(ids, now, gates)

        if found:
            await apply_isolated(found, act, self._put_off, _name)
        else:
            metrics.TIMER_LAG_SECONDS.set(0)
        return ours >= BATCH

    async def _act(self, ids: Sequence[UUID], now: datetime, gates: Mapping[str, datetime]) -> int:
        """Decide those of `ids` that are ours; return how many."""
        async with self._units.begin(now) as unit:
            due = await lock_due(unit.connection, ids, now, gates)
            unit.hold(due)
            await unit.apply(
                {message.id: [Due(silence_until=gates.get(gate_of(message)))] for message in due}
            )
        if due:
            metrics.TIMER_LAG_SECONDS.set(_lag_seconds(due, now))
        return len(due)

    async def _put_off(self, message_id: UUID, _error: Exception) -> None:
        async with self._database.connection() as connection:
            await postpone(connection, message_id, self._database.now() + PUT_OFF)
        _log.error("timers.put_off", message_id=str(message_id))


def _name(message_id: UUID) -> dict[str, str]:
    return {"message_id": str(message_id)}


def _lag_seconds(messages: Sequence[Message], now: datetime) -> float:
    deadlines = [
        deadline
        for message in messages
        for deadline in (due_at(message), silence_at(message))
        if deadline is not None and deadline <= now
    ]
    return (now - min(deadlines)).total_seconds() if deadlines else 0.0
