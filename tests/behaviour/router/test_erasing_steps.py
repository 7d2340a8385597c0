"""Steps of erasures, one at a time, on a real database."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from behaviour.router.erasing import another_phone
from behaviour.router.units import units_of_work
from behaviour.router.world import CONFIGURATION
from herald.config.loading import load_configuration
from herald.database.migrations import migrate
from herald.database.pool import COMMAND_SECONDS
from router.jobs.erasing import STEPS, Erasing, ErasingPace

MEBIBYTE = 1024 * 1024
ROW = "SELECT waits_for, place, finished_at FROM router.erasures"
ADD = "INSERT INTO router.outbox (id, frames, claimed_until) VALUES ($1, $2, now())"
REMOVE = "DELETE FROM router.outbox WHERE id = $1"


@dataclass(slots=True)
class Erasure:
    """An erasure whose last step is next, and who carries it out."""

    erasing: Erasing
    database: asyncpg.Connection
    phone: str

    async def turns(self, number: int) -> None:
        """Go on with it."""
        for _ in range(number):
            assert await self.erasing.turn()

    async def row(self) -> asyncpg.Record:
        """Return what its row says."""
        row = await self.database.fetchrow(ROW)
        assert row is not None
        return row

    async def add_to_outbox(self, number: int, *, size: int = 0, mention: str = "") -> None:
        """Have something wait to be published, in a row whose place is `number`."""
        frames = json.dumps([mention, "." * size])
        await self.database.execute(ADD, uuid.UUID(int=number), frames)


@asynccontextmanager
async def erasure(dsn: str, command_seconds: float = COMMAND_SECONDS) -> AsyncIterator[Erasure]:
    """Give an erasure that has nothing left to do but to look at the outbox."""
    await migrate(dsn)
    database = await asyncpg.connect(dsn)
    phone = another_phone()
    await database.execute("TRUNCATE router.erasures, router.outbox")
    await database.execute(
        "INSERT INTO router.erasures (id, cause, routing_key, addresses, step)"
        " VALUES ($1, 'x', 'recipient.erase', ARRAY[$2], $3)",
        *(uuid.uuid4(), phone, STEPS.index("finish")),
    )
    configuration = load_configuration(CONFIGURATION).file
    pace = ErasingPace(look_again=timedelta(0))
    try:
        async with units_of_work(dsn, command_seconds) as units:
            yield Erasure(Erasing(units, configuration, pace), database, phone)
    finally:
        await database.close()


async def test_an_outbox_of_many_bytes_is_searched_in_turns(postgres_dsn: str) -> None:
    """A day of events kept for a sick queue would take longer than a statement may."""
    async with erasure(postgres_dsn) as ours:
        for number in range(1, 6):
            await ours.add_to_outbox(number, size=MEBIBYTE * 2 // 3)
        await ours.turns(2)
        assert (await ours.row())["finished_at"] is None
        await ours.turns(1)
        assert (await ours.row())["finished_at"] is not None


async def test_a_mention_on_a_later_page_is_waited_for(postgres_dsn: str) -> None:
    """What was searched before it is not searched again."""
    async with erasure(postgres_dsn) as ours:
        await ours.add_to_outbox(1, size=MEBIBYTE)
        await ours.add_to_outbox(2, size=MEBIBYTE, mention=ours.phone)
        await ours.turns(3)
        row = await ours.row()
        assert row["waits_for"] == "outbox"
        assert json.loads(row["place"]) == [str(uuid.UUID(int=1))]
        await ours.database.execute(REMOVE, uuid.UUID(int=2))
        await ours.turns(1)
        assert (await ours.row())["finished_at"] is not None


async def test_a_step_that_takes_too_long_is_put_off(postgres_dsn: str) -> None:
    """It would run into the same timeout again and again, and no other erasure would go on."""
    async with erasure(postgres_dsn, command_seconds=0.5) as ours:
        async with ours.database.transaction():
            await ours.database.execute("LOCK TABLE router.outbox IN ACCESS EXCLUSIVE MODE")
            await ours.turns(1)
        assert (await ours.row())["waits_for"] == "error"
        assert not await ours.erasing.turn()
