"""The backlog's way into the queues: one scan a lane, tenant by tenant, as their windows have room.

One router at a time looks after a window: it asks the broker how much the queue holds, lets as much
in as there is room for, and is done when all of that is published. A router that dies or hangs
meanwhile loses its claim, and then lets nothing in any more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import structlog
from msgspec.structs import replace

from herald.bus.depths import QueueDepths
from herald.bus.lane_turns import LaneTurns
from herald.contracts.topology import outbound_queue
from herald.contracts.vocabulary import Lane
from herald.database.pool import Database
from herald.service.background import run_together
from herald.service.periodic import JITTER, Periodic
from router import metrics
from router.batches import apply_isolated
from router.clearances.windows import Windows
from router.core.facts import Released
from router.core.message import Message
from router.core.windows import LARGEST, SECONDS, Window, after_look, last_turn, turns
from router.store import backlog as store
from router.store.backlog import Waiting
from router.unit_of_work import UnitsOfWork

LOOK_SECONDS = 0.25
READ_SECONDS = 5.0  # between two reads of the windows that others look after
CLAIM = timedelta(seconds=5)  # of a router that dies; renewed with each batch
LOOKED = timedelta(seconds=0.2)  # after a look with nothing to do no other router looks at once
BATCH = 200
BULK_BATCH = 50  # smaller, so that an urgent batch never waits long for one under way
PUT_OFF = timedelta(minutes=10)  # a bug may be mended by then

_log = structlog.get_logger(__name__)


class Release:
    """Lets the backlogs of one lane into their queues; any number of routers may run it."""

    def __init__(
        self,
        lane: Lane,
        channels: Iterable[str],
        database: Database,
        units: UnitsOfWork,
        windows: Windows,
        depths: QueueDepths,
        turns_of_lanes: LaneTurns,
    ) -> None:
        self._lane = lane
        self._channels = {outbound_queue(channel, lane): channel for channel in channels}
        self._database = database
        self._units = units
        self._windows = windows
        self._depths = depths
        self._turns = turns_of_lanes
        self._batch = BULK_BATCH if lane is Lane.BULK else BATCH
        self._claim = uuid4()
        self._read_at = -READ_SECONDS
        self._periodic = Periodic("release", self.turn, LOOK_SECONDS, jitter=JITTER)

    @property
    def problem(self) -> str | None:
        """What the last turn failed of, for readiness."""
        return self._periodic.problem

    async def run(self) -> None:
        """Look and let in until cancelled."""
        await self._periodic.run()

    async def turn(self) -> None:
        """Look at the queues that need it, and let in what there is room for."""
        queues = [queue for queue in self._channels if self._windows.needs_look(queue)]
        to_fill = await self._look(queues) if queues else {}
        try:
            while to_fill:
                for queue, window in list(to_fill.items()):
                    to_fill[queue] = after = await self._let_in(queue, window)
                    if after.released in {0, window.released}:
                        del to_fill[queue]
                        await self._let_go([queue])
        finally:
            if to_fill:
                await self._let_go(to_fill)
        await self._read(is_due=bool(queues))

    async def _look(self, queues: Sequence[str]) -> dict[str, Window]:
        """Look at queues that no other router looks after; return the windows to be filled."""
        async with self._database.connection() as connection:
            claimed = await store.claim_windows(connection, queues, self._claim, CLAIM)
        depths = await self._depths.read(stored.queue for stored in claimed)
        known = [stored for stored in claimed if stored.queue in depths]
        async with self._database.connection() as connection:
            most = dict.fromkeys(depths, LARGEST)
            waiting = await store.count_waiting(connection, most, self._database.now())
            looked = {
                stored.queue: after_look(
                    stored.window,
                    depths[stored.queue],
                    stored.elapsed_seconds,
                    waiting=waiting[stored.queue],
                    seconds=SECONDS,
                )
                for stored in known
            }
            to_fill = {queue: window for queue, window in looked.items() if window.released}
            await store.keep_looks(
                connection,
                self._claim,
                {
                    queue: (it, CLAIM if queue in to_fill else LOOKED)
                    for queue, it in looked.items()
                },
            )
        self._show(looked)
        return to_fill

    async def _let_in(self, queue: str, window: Window) -> Window:
        """Let one batch of a window's `released` in; return the window with the rest of them."""
        async with self._database.connection() as connection:
            tenants = await store.find_tenants(connection, queue)
            shares = turns(tenants, window.last_tenant, min(window.released, self._batch))
            now = self._database.now()
            ids = await store.find_waiting(connection, queue, shares, now) if shares else []
        if not ids:
            return window
        waiting = Waiting(queue, ids, last_turn(shares))
        released = 0

        async def act(some: Sequence[UUID]) -> None:
            nonlocal released
            released += await self._release(replace(waiting, ids=some))

        await self._turns.wait()
        await apply_isolated(ids, act, self._put_off, _name)
        metrics.RELEASED.labels(self._channels[queue], self._lane.value).inc(released)
        left = max(0, window.released - released)
        return replace(window, released=left, last_tenant=waiting.last_tenant)

    async def _release(self, waiting: Waiting) -> int:
        """Start the steps of messages that wait for room, if the window is ours still."""
        async with self._units.begin() as unit:
            if not await store.let_in(unit.connection, self._claim, waiting, CLAIM):
                return 0
            messages = await store.lock_waiting(unit.connection, waiting.queue, waiting.ids)
            unit.hold(messages)
            facts = {message.id: [_released(message)] for message in messages if _waits(message)}
            await unit.apply(facts)
            if lost := [message.id for message in messages if message.id not in facts]:
                await store.forget_waiting(unit.connection, lost)
        return len(messages)

    async def _put_off(self, message_id: UUID, _error: Exception) -> None:
        async with self._database.connection() as connection:
            await store.put_off(connection, message_id, self._database.now() + PUT_OFF)
        _log.error("release.put_off", message_id=str(message_id))

    async def _let_go(self, queues: Iterable[str]) -> None:
        async with self._database.connection() as connection:
            await store.let_go(connection, self._claim, queues)

    async def _read(self, *, is_due: bool) -> None:
        """Take this router's share of what it and others have found."""
        if not is_due and time.monotonic() - self._read_at < READ_SECONDS:
            return
        async with self._database.connection() as connection:
            windows, routers = await store.read_windows(connection, self._channels)
        self._windows.note(windows, routers)
        self._read_at = time.monotonic()

    def _show(self, windows: Mapping[str, Window]) -> None:
        for queue, window in windows.items():
            labels = (self._channels[queue], self._lane.value)
            metrics.WINDOW_MESSAGES.labels(*labels).set(window.size)


class Releases:
    """The scans of all lanes, each by itself: none waits for another's."""

    def __init__(
        self,
        channels: Iterable[str],
        database: Database,
        units: UnitsOfWork,
        windows: Windows,
        depths: QueueDepths,
        turns_of_lanes: LaneTurns,
    ) -> None:
        common = (tuple(channels), database, units, windows, depths, turns_of_lanes)
        self._lanes = [Release(lane, *common) for lane in Lane]

    @property
    def problem(self) -> str | None:
        """What the last turn of a lane failed of, for readiness."""
        return next((one.problem for one in self._lanes if one.problem is not None), None)

    async def run(self) -> None:
        """Look and let in until cancelled."""
        await run_together(*(one.run for one in self._lanes))


def _waits(message: Message) -> bool:
    waiting = message.state.waiting
    return waiting is not None and waiting.until is None


def _released(message: Message) -> Released:
    waiting = message.state.waiting
    assert waiting is not None, "it waits"
    return Released(step=waiting.step, since=waiting.since)


def _name(message_id: UUID) -> dict[str, str]:
    return {"message_id": str(message_id)}
