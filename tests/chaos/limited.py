"""Several workers without a broker that share one account's limits.

What they return is handed out again as a router does.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import asyncpg

from herald.bus.deliveries import Delivery
from herald.channel.accounts import SendingAccount
from herald.channel.finished import Finished
from herald.channel.limits.buckets import Ask, Buckets, Drawn
from herald.channel.limits.keeper import LimitKeeper
from herald.channel.recorders import Recorders
from herald.channel.service import SLOTS
from herald.channel.worker import Worker
from herald.contracts.vocabulary import Lane, Status
from herald.contracts.work import Work
from herald.database.pool import Database
from herald.providers.rendered import Rendered
from herald.providers.sending import Accepted, Emit, SendResult
from unit.channel.making import twilio, work

FAR = datetime(2100, 1, 1, tzinfo=UTC)
SCAN_SECONDS = 0.25  # how late a router may be with what is due
MAX_BATCH = 100


@dataclass(slots=True)
class Called:
    """One call, as its provider saw it."""

    at: float
    work: Work
    waited: float  # since its work was first handed out


@dataclass(slots=True)
class Draw:
    """One statement, and how many slots it gave."""

    asked_at: float
    answered_at: float
    given: int


@dataclass(slots=True)
class Limited:
    """What was handed out and what became of it."""

    replicas: int
    calls: list[Called] = field(default_factory=list)
    trips: Counter[str] = field(default_factory=Counter)
    draws: list[Draw] = field(default_factory=list)
    respond: Callable[[Work], SendResult] = lambda of: Accepted((of.attempt_id,))
    begun: dict[str, float] = field(default_factory=dict)
    queues: dict[Lane, deque[Work]] = field(default_factory=lambda: {it: deque() for it in Lane})
    runs: list[asyncio.Task[None]] = field(default_factory=list)

    def put(self, *works: Work) -> None:
        """Put work into its lane's queue."""
        for one in works:
            self.trips[one.attempt_id] += 1
            self.begun.setdefault(one.attempt_id, time.monotonic())
            self.queues[one.lane].append(one)

    async def until_called(self, number: int, *, within_seconds: float) -> None:
        """Wait for as many calls."""
        async with asyncio.timeout(within_seconds):
            while len(self.calls) < number:  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.02)

    def returned(self, finished: Finished) -> None:
        """Hand work out again when it is due, a scan's time late."""
        receipt, one = finished.receipt, Work.model_validate_json(finished.delivery.body)
        assert receipt.returned is not None
        wait = receipt.returned.wait.total_seconds() if receipt.returned.wait else 1.0
        changes = {"grant": receipt.returned.grant, "dispatch": one.dispatch + 1}
        again = one.model_copy(update=changes)
        late = random.uniform(0, SCAN_SECONDS)  # noqa: S311  no secret
        asyncio.get_running_loop().call_later(wait + late, self.put, again)


class _Provider:
    def __init__(self, limited: Limited) -> None:
        self._limited = limited

    async def start(self, emit: Emit, /) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, work: Work, content: Rendered) -> SendResult:  # noqa: ARG002
        now = time.monotonic()
        self._limited.calls.append(Called(now, work, now - self._limited.begun[work.attempt_id]))
        return self._limited.respond(work)


class _CountedRows(Buckets):
    def __init__(self, database: Database, limited: Limited) -> None:
        super().__init__(database)
        self._limited = limited

    async def draw(self, lane: Lane, asks: Sequence[Ask]) -> dict[str, Drawn]:
        asked_at = time.monotonic()
        drawn = await super().draw(lane, asks)
        given = sum(one.taken + one.spare for one in drawn.values())
        self._limited.draws.append(Draw(asked_at, time.monotonic(), given))
        return drawn


class _Hand:
    """One worker: takes from the queues as far as its slots go."""

    def __init__(self, limited: Limited, database: Database, options: dict[str, Any]) -> None:
        self._limited = limited
        account = SendingAccount(
            name="main", options=twilio(**options), provider=_Provider(limited)
        )
        self._limits = LimitKeeper(database, [account])
        self._limits.limiter._rows = _CountedRows(database, limited)
        recorders = cast("Recorders", self)
        self._worker = Worker("sms", [account], database, recorders, self._limits)
        self._in_hand: Counter[Lane] = Counter()
        self._is_alive = True

    def add(self, finished: Finished) -> None:
        """Take a report as the recorder does."""
        one = Work.model_validate_json(finished.delivery.body)
        self._in_hand[one.lane] -= 1
        if self._is_alive and finished.receipt.status is Status.RETURNED:
            self._limited.returned(finished)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._limits.run())
            for lane in Lane:
                group.create_task(self._consume(lane))

    async def _consume(self, lane: Lane) -> None:
        queue = self._limited.queues[lane]
        while True:
            room = min(SLOTS[lane] - self._in_hand[lane], MAX_BATCH, len(queue))
            if room <= 0:
                await asyncio.sleep(0.005)
                continue
            batch = [queue.popleft() for _ in range(room)]
            self._in_hand[lane] += room
            bodies = [one.model_dump_json(exclude_none=True).encode() for one in batch]
            await self._worker([Delivery(body=body) for body in bodies])
            await asyncio.sleep(0)


@asynccontextmanager
async def limited_workers(dsn: str, replicas: int = 4, **options: Any) -> AsyncIterator[Limited]:
    """Run workers on limits that nobody has drawn from yet; `options` are their account's."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("TRUNCATE channel.buckets, channel.sends")
    await connection.close()
    limited = Limited(replicas)
    databases = [Database(dsn, application_name=f"limited-{n}") for n in range(replicas)]
    for database in databases:
        await database.start()
    limited.runs = [asyncio.create_task(_Hand(limited, it, options).run()) for it in databases]
    try:
        yield limited
    finally:
        for run in limited.runs:
            run.cancel()
        await asyncio.gather(*limited.runs, return_exceptions=True)
        for database in databases:
            await database.stop()


def works(number: int, **changes: Any) -> list[Work]:
    """Make works of as many messages."""
    made = []
    for _ in range(number):
        message_id = str(uuid4())
        ids = {"attempt_id": f"{message_id}.1.1", "message_id": message_id}
        made.append(work(**ids, **{"not_after": FAR, **changes}))
    return made
