"""Delays of deliveries, counted by all routers and learned by each of them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from behaviour.router.erasing import another_phone
from behaviour.router.receipts import receipt, webhook
from behaviour.router.world import World
from herald.config.fallback import FallbackRules
from herald.contracts.vocabulary import Status
from herald.database.pool import Database
from router.core.delays import BUCKETS, Way, bucket_of
from router.delay_counts import DelayCounts
from router.jobs.delays import DeliveryDelays
from router.store.delays import read_delays

ROUTERS = 2
RULES = FallbackRules(deliveries=10)
AUTO = {"steps": [{"channel": "whatsapp", "fallback_after": "auto"}, {"channel": "sms"}]}


@pytest_asyncio.fixture
async def pool(world: World) -> AsyncIterator[Database]:
    database = Database(world.dsn, application_name="test-delays")
    await database.start()
    yield database
    await database.stop()


def way() -> Way:
    """Give a provider of its own, which nobody else counts."""
    return Way(uuid.uuid4().hex, "sms", "DE")


async def known(pool: Database, of: Way) -> list[int] | None:
    async with pool.connection() as connection:
        return (await read_delays(connection)).get(of)


async def test_what_routers_count_adds_up(pool: Database) -> None:
    """Many writers at once lose nothing, and each learns from all of it."""
    counted = way()
    jobs = [DeliveryDelays(pool, RULES, DelayCounts()) for _ in range(4)]

    async def count(job: DeliveryDelays) -> None:
        for _ in range(5):
            job._counts.add(counted, 25.0)
            job._counts.add(Way(counted.provider, "sms", "FR"), 4.0)
            await job.write()

    await asyncio.gather(*map(count, jobs))
    expected = [0] * BUCKETS
    expected[bucket_of(25.0)] = 20
    assert await known(pool, counted) == expected
    await jobs[0].read()
    assert jobs[0].learned[counted].deliveries == 20
    assert jobs[0].learned[Way(counted.provider, "sms", "all")].deliveries == 40


async def test_an_outage_loses_no_count(world: World, pool: Database) -> None:
    """What could not be written is written the next time."""
    counted, counts = way(), DelayCounts()
    job = DeliveryDelays(pool, RULES, counts)
    counts.add(counted, 25.0)
    await world.database.execute("ALTER TABLE router.delays RENAME TO delays_away")
    with pytest.raises(asyncpg.PostgresError):
        await job.write()
    await world.database.execute("ALTER TABLE router.delays_away RENAME TO delays")
    counts.add(counted, 25.0)
    await job.write()
    found = await known(pool, counted)
    assert found is not None
    assert sum(found) == 2


async def test_what_is_old_says_nothing_and_goes(world: World, pool: Database) -> None:
    """A week is learned from, by the database's days; after a month nothing is left."""
    counted = way()
    for days in (6, 7, 30):
        await world.database.execute(
            "INSERT INTO router.delays SELECT $1, 'sms', 'DE',"
            " (now() AT TIME ZONE 'UTC')::date - $2::int, array_fill(1::bigint, ARRAY[$3::int])",
            *(counted.provider, days, BUCKETS),
        )
    await DeliveryDelays(pool, RULES, DelayCounts()).read()
    assert await known(pool, counted) == [1] * BUCKETS
    left = "SELECT count(*) FROM router.delays WHERE provider = $1"
    assert await world.database.fetchval(left, counted.provider) == 2


async def deliver(world: World, **changes: Any) -> str:
    key = await world.send(to={"phone": another_phone()}, **changes)
    work = await world.work("whatsapp", key)
    await world.report(receipt(work, Status.ACCEPTED))
    accepted = "SELECT count(*) FROM router.provider_refs WHERE attempt_id = $1"
    await world.row(accepted, work.attempt_id)
    await world.report(webhook(work, Status.DELIVERED))
    await world.heard("delivered", key)
    return work.message_id


async def test_a_delivery_is_counted_by_its_country(world: World) -> None:
    """From the acceptance to the report, a second later in the table."""
    await deliver(world)
    counted = "SELECT counts[1] > 0 FROM router.delays WHERE provider = $1 AND country = $2"
    assert await world.row(counted, "whatsapp_cloud", "US")


async def test_without_enough_deliveries_the_default_is_used(world: World) -> None:
    """And the timeline says so."""
    message = await deliver(world, route=AUTO)
    note = "SELECT note FROM router.history WHERE message_id = $1 AND fact LIKE 'command:%'"
    found = await world.database.fetchval(note, message)
    assert "fallback after 60 s: the default, for too few deliveries are known" in found
