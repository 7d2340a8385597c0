"""When recipients wrote last, as the router keeps it for each of our numbers."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from behaviour.router.erasing import another_phone, erase
from behaviour.router.explaining import Explaining
from behaviour.router.receipts import inbound
from behaviour.router.world import World
from herald.contracts.masking import address_hash
from herald.contracts.vocabulary import InboundKind
from router.store.conversations import find_conversations

ROUTERS = 2  # both take inbound messages of one recipient
MIGRATIONS = Path(__file__).parents[3] / "shared/herald/migrations/router"
KEPT = """
SELECT account, own_address, last_at FROM router.conversations
WHERE address_hash = $1 ORDER BY account, own_address
"""


@pytest.fixture
def phone() -> str:
    """Give a number that nobody else has."""
    return another_phone()


async def kept(world: World, phone: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await world.database.fetch(KEPT, address_hash(phone))]


async def reported(world: World, phone: str, **changes: Any) -> None:
    """Report a recipient's message, and wait until it is kept."""
    received = inbound(sender=phone, **changes)
    await world.report(received)
    query = "SELECT true FROM router.inbound WHERE reference = $1"
    await world.row(query, received.reference)


async def test_the_latest_message_is_kept_in_any_order(world: World, phone: str) -> None:
    """Two routers take a recipient's messages shuffled and doubled: the latest one's time stays."""
    now = datetime.now(UTC).replace(microsecond=0)
    times = [now - timedelta(minutes=minutes) for minutes in range(20)]
    received = [inbound(sender=phone, occurred_at=moment) for moment in times] * 2
    random.Random(1).shuffle(received)  # noqa: S311  not a secret
    await asyncio.gather(*(world.report(one) for one in received))
    query = "SELECT count(*) = 20 FROM router.inbound WHERE sender = $1"
    await world.row(query, phone)
    assert await kept(world, phone) == [("wa-main", "", now)]


async def test_each_of_our_numbers_has_its_own(world: World, phone: str) -> None:
    """What was written to one number opens no other: of another account, or of the same one."""
    for changes in ({}, {"account": "wa-second"}, {"recipient": "+15550001111"}):
        await reported(world, phone, **changes)
    assert [row[:2] for row in await kept(world, phone)] == [
        ("wa-main", ""),
        ("wa-main", "+15550001111"),
        ("wa-second", ""),
    ]


async def test_a_clock_that_is_ahead_opens_nothing_for_longer(world: World, phone: str) -> None:
    """A provider's time that lies in the future counts as now, by the database's clock."""
    await reported(world, phone, occurred_at=datetime.now(UTC) + timedelta(days=1))
    [(_, _, last_at)] = await kept(world, phone)
    assert last_at <= await world.database.fetchval("SELECT clock_timestamp()")


async def test_what_is_no_message_to_us_is_not_kept(world: World, phone: str) -> None:
    """Neither a preference, nor a deletion, nor what was written in a group is a message to us."""
    for changes in (
        {"content": InboundKind.PREFERENCE},
        {"content": InboundKind.DELETED},
        {"group": "group-1"},
    ):
        await reported(world, phone, **changes)
    assert await kept(world, phone) == []


async def test_an_erasure_takes_it(world: World, phone: str) -> None:
    """Nothing says any more when an erased recipient wrote."""
    await reported(world, phone)
    await erase(world, phone)
    assert await kept(world, phone) == []


async def test_a_window_is_looked_up_by_its_index(world: World) -> None:
    """Among many conversations of several tenants no table is read from end to end."""
    await world.database.execute(
        "INSERT INTO router.conversations SELECT 'tenant-' || n % 5, 'whatsapp', n, 'wa-main', '',"
        " now(), gen_random_uuid() FROM generate_series(1, 20000) AS n"
    )
    await world.database.execute("ANALYZE router.conversations")
    explaining = Explaining(world.database)
    asked = [("whatsapp", f"+1555000{number:04}") for number in range(50)]
    await find_conversations(cast("Any", explaining), asked, ["default", "tenant-1"])
    assert [node.get("Index Name") for node in explaining.read] == ["conversations_pkey"]


async def test_what_came_before_the_migration_counts(world: World, phone: str) -> None:
    """The latest of two days: who wrote before the upgrade gets texts after it."""
    now = datetime.now(UTC).replace(microsecond=0)
    migration = next(MIGRATIONS.glob("*_conversations.sql")).read_text()
    database = world.database
    transaction = database.transaction()
    await transaction.start()  # the routers see nothing of it
    await database.execute(
        "DROP TABLE router.conversations; DROP FUNCTION router.keep_conversations() CASCADE;"
        " ALTER TABLE router.inbound DROP own_address, DROP in_group"
    )
    for hours, content in ((30, "text"), (5, "text"), (1, "preference"), (60, "text")):
        moment = now - timedelta(hours=hours)
        await database.execute(
            "INSERT INTO router.inbound (id, tenant, channel, provider, account, reference,"
            " content, sender, sender_hash, occurred_at, received_at) VALUES (gen_random_uuid(),"
            " 'default', 'whatsapp', 'whatsapp_cloud', 'wa-main', 'ref', $1, $2, $3, $4, $4)",
            *(content, phone, address_hash(phone), moment),
        )
    await database.execute(migration)
    assert await kept(world, phone) == [("wa-main", "", now - timedelta(hours=5))]
    await transaction.rollback()
