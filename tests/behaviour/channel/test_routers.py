"""Whether reports may go together: only if every router that may get them reads them so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from behaviour.channel.world import World, until
from herald.channel.routers import Routers
from herald.database.pool import Database

INSERT = (
    "INSERT INTO router.listeners (router, lane, seen_at, reads_batches)"
    " VALUES ($1, 'normal', now(), $2)"
)
OF_AN_EARLIER_VERSION = (
    "INSERT INTO router.listeners (router, lane, seen_at) VALUES ($1, 'normal', now())"
)


@pytest_asyncio.fixture
async def routers(world: World) -> AsyncIterator[Routers]:
    """Give what asks, on a database without routers."""
    database = Database(world.dsn, application_name="test")
    await database.start()
    await world.database.execute("DELETE FROM router.listeners")
    yield Routers(database)
    await world.database.execute("DELETE FROM router.listeners")
    await database.stop()


async def answer(routers: Routers) -> bool:
    await routers.turn()
    return routers.read_batches


async def test_where_no_router_runs_reports_go_one_by_one(routers: Routers) -> None:
    """Whoever comes next may be of any version."""
    assert not await answer(routers)


@pytest.mark.parametrize("with_an_earlier", [False, True])
async def test_one_router_of_an_earlier_version_is_enough_to_keep_them_apart(
    routers: Routers, world: World, *, with_an_earlier: bool
) -> None:
    """All take from the same queues, and that one would give the message up."""
    for _ in range(2):
        await world.database.execute(INSERT, uuid4(), True)
    if with_an_earlier:
        await world.database.execute(OF_AN_EARLIER_VERSION, uuid4())
    assert await answer(routers) is not with_an_earlier


async def test_while_nobody_answers_reports_go_one_by_one(routers: Routers, world: World) -> None:
    """A database that went away says nothing of a router that came meanwhile."""
    await world.database.execute(INSERT, uuid4(), True)
    asking = asyncio.create_task(routers.run())

    async def may() -> bool:
        return routers.read_batches

    async def may_not() -> bool:
        return not routers.read_batches

    await until(may)
    await world.database.execute("ALTER TABLE router.listeners RENAME TO hidden")
    try:
        await until(may_not)
    finally:
        await world.database.execute("ALTER TABLE router.hidden RENAME TO listeners")
    await until(may)
    asking.cancel()
    await asyncio.wait([asking])
