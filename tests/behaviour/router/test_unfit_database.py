"""A database that answers and is not as it must be: no message is at fault, so none is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from behaviour.router.world import World, command

SECONDS_UNFIT = 1.0


@asynccontextmanager
async def unfit(world: World, spoil: str, mend: str) -> AsyncIterator[None]:
    """Spoil the database, and mend it a while after the block's beginning."""
    await world.database.execute(spoil)
    try:
        yield
        await asyncio.sleep(SECONDS_UNFIT)
    finally:
        await world.database.execute(mend)


@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        ("ALTER TABLE router.messages RENAME TO elsewhere",
         "ALTER TABLE router.elsewhere RENAME TO messages"),
        ("ALTER TABLE router.messages RENAME COLUMN state TO states",
         "ALTER TABLE router.messages RENAME COLUMN states TO state"),
        ("ALTER SCHEMA router RENAME TO elsewhere", "ALTER SCHEMA elsewhere RENAME TO router"),
    ],
    ids=["table", "column", "schema"],
)  # fmt: skip
async def test_commands_wait_for_what_is_missing(world: World, spoil: str, mend: str) -> None:
    """While a table, a column or the schema is missing, commands wait; then each is taken."""
    await world.ask(command())  # statements are prepared
    async with unfit(world, spoil, mend):
        asking = [asyncio.create_task(world.ask(command())) for _ in range(3)]
    assert [(await asked).what for asked in asking] == ["accepted"] * 3


async def test_a_migration_beside_running_routers_refuses_nothing(world: World) -> None:
    """A column that changes under prepared statements costs another try, not a message."""
    body = command()
    await world.ask(body)
    heard = []
    for kind in ("varchar(300)", "text") * 3:
        heard.append((await world.ask(body)).what)
        await world.database.execute(f"ALTER TABLE router.messages ALTER cause TYPE {kind}")
    assert heard == ["duplicate"] * 6
