"""What the router measures of messages under way, one router for all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from behaviour.router.explaining import Explaining
from behaviour.router.receipts import receipt
from behaviour.router.world import CHANNELS, World
from herald.contracts.masking import address_hash
from herald.contracts.topology import outbound_queue
from herald.contracts.vocabulary import Lane, Status
from herald.database.pool import Connection, Database
from many_messages import make_messages
from router.jobs import backlog
from router.jobs.backlog import TURN, Backlog
from router.store import measurement
from router.store.measurement import COUNTED, QUERIES, Figures

IT_IS_TIME = "UPDATE router.measurement SET next_at = '-infinity' RETURNING clock_timestamp()"
MEASURED_SINCE = "SELECT measured_at > $1 FROM router.measurement"
STATUS = "SELECT 1 FROM router.attempts WHERE attempt_id = $1 AND status = $2"
# as an earlier router, which knows no backlog, writes the end of a message
END = """
UPDATE router.messages SET outcome = 'succeeded', ended_at = now(), due_at = NULL, silence_at = NULL
WHERE idempotency_key = $1
"""
WAITING = {"channel": "whatsapp", "lane": "normal"}
QUEUES = [outbound_queue(channel, lane) for channel in CHANNELS for lane in Lane]
WAIT_IN_A_QUEUE = """
UPDATE router.messages SET due_at = now() + interval '1 day', waits_in = $1, waits_since = now(),
    unknown_on = 'sms'
WHERE outcome IS NULL
"""


def value(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, "it exists from the start"
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def database(world: World) -> AsyncIterator[Database]:
    """Give a pool of the test's own."""
    pool = Database(world.dsn, application_name="test")
    await pool.start()
    yield pool
    await pool.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowded(world: World) -> AsyncIterator[asyncpg.Connection]:
    """Give a connection that sees very many messages, few of them under way."""
    connection = await asyncpg.connect(world.dsn)
    transaction = connection.transaction()
    await transaction.start()
    await make_messages(connection, 5000, "other", [address_hash("+15550007777")])
    await connection.execute(WAIT_IN_A_QUEUE, QUEUES[0])
    await connection.execute("ANALYZE router.messages")
    yield connection
    await transaction.rollback()
    await connection.close()


async def measure_now(world: World, database: Database) -> None:
    """Have somebody measure, this test or a router, and show what was found."""
    asked_at = await world.database.fetchval(IT_IS_TIME)
    own = Backlog(database, CHANNELS)
    await own.turn()
    await world.row(MEASURED_SINCE, asked_at)
    await own.turn()


async def test_work_is_seen_when_no_worker_lives(world: World, database: Database) -> None:
    """How much and how old, until the first report of it; the message is open still."""
    await measure_now(world, database)
    waiting, under_way = value("herald_backlog_messages", **WAITING), value("herald_messages_open")
    work = await world.work("whatsapp", await world.send())
    await measure_now(world, database)
    assert value("herald_backlog_messages", **WAITING) == waiting + 1
    assert value("herald_messages_open") == under_way + 1
    assert value("herald_backlog_age_seconds", **WAITING) > 0
    await world.report(receipt(work, Status.ACCEPTED))
    await world.row(STATUS, work.attempt_id, "accepted")
    await measure_now(world, database)
    assert value("herald_backlog_messages", **WAITING) == waiting
    assert value("herald_messages_open") == under_way + 1
    assert value("herald_backlog_measured_age_seconds") < 30


async def test_unknown_results_are_seen_until_they_are_known(
    world: World, database: Database
) -> None:
    """A call that was cut short, and the provider's own word of it."""
    await measure_now(world, database)
    before = value("herald_unknown_attempts", channel="sms")
    work = await world.work("sms", await world.send(route="sms"))
    await world.report(receipt(work, Status.UNKNOWN))
    await world.row(STATUS, work.attempt_id, "unknown")
    await measure_now(world, database)
    assert value("herald_unknown_attempts", channel="sms") == before + 1
    await world.report(receipt(work, Status.SENT))
    await world.row(STATUS, work.attempt_id, "sent")
    await measure_now(world, database)
    assert value("herald_unknown_attempts", channel="sms") == before


async def test_what_an_earlier_router_ended_is_no_backlog(world: World, database: Database) -> None:
    """It leaves the columns that it does not know as they are."""
    await measure_now(world, database)
    before = value("herald_backlog_messages", **WAITING)
    key = await world.send()
    await world.work("whatsapp", key)
    await world.database.execute(END, key)
    await measure_now(world, database)
    assert value("herald_backlog_messages", **WAITING) == before


async def test_one_router_measures_for_all(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, the database counts once in a while."""
    measured: list[Figures] = []

    async def measure(connection: Connection, queues: Any) -> Figures:
        measured.append(await measurement.measure(connection, queues))
        return measured[-1]

    monkeypatch.setattr(backlog, "measure", measure)
    await measure_now(world, database)
    measured.clear()
    for _ in range(5):
        await Backlog(database, CHANNELS).turn()
    assert measured == []


async def test_a_router_that_hangs_holds_up_no_other(world: World, database: Database) -> None:
    """Its turn ends, and what it measured long ago replaces nothing newer."""
    async with database.connection() as connection:
        await world.database.execute(IT_IS_TIME)
        hangs_since = await measurement.take_turn(connection, TURN)
        assert hangs_since is not None
        assert await measurement.take_turn(connection, TURN) is None
        await measure_now(world, database)
        newest = await measurement.read(connection)
        await measurement.keep(connection, Figures(open=-1), hangs_since, timedelta(0))
        kept = await measurement.read(connection)
    assert newest is not None
    assert kept is not None
    assert kept.figures == newest.figures


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        ("find_oldest", (QUEUES,), "messages_waiting"),
        ("count_waiting", (QUEUES, COUNTED), "messages_waiting"),
        ("count_unknown", (COUNTED,), "messages_unknown"),
        ("count_open", (COUNTED,), "messages_due"),
    ],
)
async def test_counting_reads_no_message_that_is_over(
    crowded: asyncpg.Connection, statement: str, values: tuple[Any, ...], index: str
) -> None:
    """Of very many messages the few that are under way are found through an index."""
    explaining = Explaining(crowded)
    await explaining.explain(QUERIES[statement], *values)
    assert {node.get("Index Name", node["Node Type"]) for node in explaining.read} == {index}
