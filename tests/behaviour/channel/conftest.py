"""What the tests of the channel kit share: Herald's topology, its schema, and one channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from behaviour.bus.rabbit import Rabbit
from behaviour.channel.bench import Bench
from behaviour.channel.gate import gated
from behaviour.channel.recording import Desk
from behaviour.channel.world import World
from herald.bus.declaration import apply
from herald.contracts import topology
from herald.contracts.topology import topology_for
from herald.contracts.vocabulary import Lane
from herald.database.migrations import migrate
from herald.database.pool import Database


@pytest_asyncio.fixture(scope="module")
async def rabbit(amqp_url: str, management_url: str, vhost: str) -> Rabbit:
    """Give the module's virtual host, with the whole topology."""
    await apply(amqp_url, topology_for(["sms"]))
    return Rabbit(amqp_url, management_url, vhost)


@pytest_asyncio.fixture(scope="module")
async def schema(postgres_dsn: str) -> str:
    """Give the module's database, migrated."""
    await migrate(postgres_dsn)
    return postgres_dsn


@pytest_asyncio.fixture
async def world(rabbit: Rabbit, schema: str, tmp_path: Path) -> AsyncIterator[World]:
    """Give a channel's surroundings, empty."""
    queues = [topology.outbound_queue("sms", lane) for lane in Lane]
    async with rabbit.channel() as channel:
        for name in (*queues, topology.receipts_queue(Lane.NORMAL), topology.DEAD_QUEUE):
            await (await channel.get_queue(name)).purge()
    database = await asyncpg.connect(schema)
    await database.execute(
        "TRUNCATE channel.sends, channel.accounts, channel.buckets,"
        " channel.egress, channel.egress_drains"
    )
    yield World(rabbit, schema, tmp_path, database)
    await database.close()


@pytest_asyncio.fixture
async def bench(world: World) -> AsyncIterator[Bench]:
    """Give a worker whose way to the database can be shut."""
    async with gated(world.dsn) as gate:
        database = Database(gate.url, application_name="test")
        await database.start()
        yield Bench(gate, database)
        await database.stop()


@pytest_asyncio.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    """Give a recorder that runs."""
    database = Database(world.dsn, application_name="test")
    await database.start()
    made = Desk(world, database)
    running = asyncio.create_task(made.recorder.run())
    yield made
    running.cancel()
    await asyncio.wait([running])
    await database.stop()
