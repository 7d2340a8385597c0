"""The outbox while a user's queue takes nothing: work goes on, events wait, and not for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from behaviour.bus.rabbit import until
from herald.bus.errors import PublishError, TimedOutError, UnavailableError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.contracts.topology import EVENTS, OUTBOUND
from herald.database.migrations import migrate
from herald.database.pool import Database
from router.outbox import CLAIM, EVENTS_KEPT, PUBLISH_SECONDS, Outbox
from router.store.messages import save
from router.store.outbox import claim_lapsed, decode

WORK = OutgoingMessage(
    exchange=OUTBOUND, routing_key="sms.normal", body=b"{}", message_id="w", type="t"
)
EVENT = OutgoingMessage(
    exchange=EVENTS, routing_key="message.sent.a", body=b"{}", message_id="e", type="t"
)


class Queues(Publisher):
    """Stands for the broker's queues: they take messages, or fail once `answers` is set."""

    def __init__(self, *, takes: bool = True, failure: type[PublishError] = TimedOutError) -> None:
        self.takes = takes
        self.failure = failure
        self.answers = asyncio.Event()
        self.taken: list[str] = []
        self.asked: list[str] = []
        self.confirmed_at = None

    async def publish_many(
        self,
        messages: Sequence[OutgoingMessage],
        timeout_seconds: float = 5,  # noqa: ARG002  as the real one
        *,
        while_progressing: bool = False,  # noqa: ARG002
    ) -> list[PublishError | None]:
        self.asked += [message.message_id for message in messages]
        if self.takes:
            self.taken += [message.message_id for message in messages]
            self.confirmed_at = time.monotonic()
            return [None for _ in messages]
        await self.answers.wait()
        return [self.failure(message.message_id, "not confirmed") for message in messages]


class AllButOne(Queues):
    """Take all messages but those of one queue, which is not there."""

    async def publish_many(
        self, messages: Sequence[OutgoingMessage], *_: object, **__: object
    ) -> list[PublishError | None]:
        self.confirmed_at = time.monotonic()
        return [
            UnavailableError(it.message_id, "no such queue") if it.message_id == "lost" else None
            for it in messages
        ]


@pytest_asyncio.fixture(loop_scope="session")
async def database(postgres_dsn: str) -> AsyncIterator[Database]:
    """Give a database with the schema, and nothing in the outbox."""
    await migrate(postgres_dsn)
    pool = Database(postgres_dsn, application_name="test")
    await pool.start()
    async with pool.connection() as connection:  # a test may end before its rows are deleted
        await connection.execute("TRUNCATE router.outbox")
    yield pool
    await pool.stop()


async def committed(database: Database, outbox: Outbox) -> asyncpg.Record:
    """Commit a row with work and an event."""
    row = outbox.row_of([WORK, EVENT])
    assert row is not None
    async with database.transaction() as connection:
        await save(
            connection, messages=[], history=[], outbox_row=row, confirmed=[], now=datetime.now(UTC)
        )
    return await row_of(database)


async def row_of(database: Database) -> asyncpg.Record:
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT id, frames FROM router.outbox")
    assert row is not None
    return row


async def test_a_queue_that_takes_nothing_holds_no_work(database: Database) -> None:
    """Work is confirmed at once; the event stays in the row alone until its queue takes it."""
    work, sick = Queues(), Queues(takes=False)
    outbox = Outbox(database, work, sick)
    row = await committed(database, outbox)
    async with asyncio.timeout(2):
        await outbox.publish(row["id"], [WORK, EVENT])
    assert work.taken == ["w"]
    assert outbox.confirmed() == []
    sick.answers.set()
    await outbox.drain()
    left = await row_of(database)
    assert [one.message_id for one in decode(left["frames"])] == ["e"]

    sick.takes = True
    await outbox.publish(row["id"], decode(left["frames"]), datetime.now(UTC))
    await outbox.drain()
    assert (sick.taken, work.taken) == (["e"], ["w"])
    assert outbox.confirmed() == [row["id"]]
    await outbox.flush()


@pytest.mark.parametrize(("failure", "seconds"), [(UnavailableError, 2), (TimedOutError, 60)])
async def test_a_lost_broker_delays_events_less_than_a_sick_queue(
    database: Database, failure: type[PublishError], seconds: int
) -> None:
    """Events that met no broker are tried again in seconds, what a queue left alone in a minute."""
    away = Queues(takes=False, failure=failure)
    away.answers.set()
    outbox = Outbox(database, Queues(), away)
    row = await committed(database, outbox)
    await outbox.publish(row["id"], [WORK, EVENT])
    await outbox.drain()
    async with database.connection() as connection:
        until = await connection.fetchval("DELETE FROM router.outbox RETURNING claimed_until")
    assert abs((until - datetime.now(UTC)).total_seconds() - seconds) < 1.5


@pytest.mark.parametrize("messages", [[EVENT], [WORK], [WORK, EVENT]])
async def test_an_alarm_of_the_broker_delays_nothing_for_long(
    database: Database, messages: list[OutgoingMessage]
) -> None:
    """When work is not confirmed either, no queue is sick: all is tried again in seconds."""
    work, events = Queues(takes=False), Queues(takes=False)
    for queues in (work, events):
        queues.answers.set()
        queues.confirmed_at = time.monotonic() - PUBLISH_SECONDS
    outbox = Outbox(database, work, events)
    row = await committed(database, outbox)
    await outbox.publish(row["id"], messages)
    await outbox.drain()
    async with database.connection() as connection:
        left = await connection.fetchrow("DELETE FROM router.outbox RETURNING *")
    assert left is not None
    assert abs((left["claimed_until"] - datetime.now(UTC)).total_seconds() - 2) < 1.5
    ids = [one.message_id for one in decode(left["frames"])]
    assert ids == [one.message_id for one in messages]


async def test_all_is_published_once_an_alarm_has_ended(database: Database) -> None:
    """While nothing is taken one row is tried at a time; then all follow at once."""
    queues = Queues(takes=False)
    outbox = Outbox(database, queues, queues, sweep_seconds=0.01)
    for _ in range(5):
        await committed(database, outbox)
    async with database.connection() as connection:
        await connection.execute("UPDATE router.outbox SET claimed_until = now()")
    sweeping = asyncio.create_task(outbox.run())
    await until(lambda: queues.asked)
    asked = len(queues.asked)
    queues.takes = True
    queues.answers.set()
    await until(lambda: len(queues.taken) >= 2 * 5)
    sweeping.cancel()
    assert asked <= 2
    assert len(queues.taken) == 2 * 5


async def test_work_that_a_queue_does_not_take_is_tried_again_alone(database: Database) -> None:
    """What was confirmed beside it is not published again, and it waits as long as a claim."""
    outbox = Outbox(database, AllButOne(), Queues())
    row = await committed(database, outbox)
    await outbox.publish(row["id"], [WORK, EVENT, WORK._replace(message_id="lost")])
    await outbox.drain()
    async with database.connection() as connection:
        left = await connection.fetchrow("DELETE FROM router.outbox RETURNING *")
    assert left is not None
    assert [one.message_id for one in decode(left["frames"])] == ["lost"]
    assert abs(left["claimed_until"] - datetime.now(UTC) - CLAIM) < timedelta(seconds=1.5)


async def test_lapsed_rows_are_taken_over_by_their_size(database: Database) -> None:
    """As many as fit in a number of bytes, the oldest first, and one in any case."""
    outbox = Outbox(database, Queues(), Queues())
    for _ in range(3):
        await committed(database, outbox)
    now = datetime.now(UTC)
    async with database.connection() as connection:
        rows = [row["id"] for row in await connection.fetch("SELECT id FROM router.outbox")]
        for age, row in enumerate(reversed(rows)):
            await connection.execute(
                "UPDATE router.outbox SET claimed_until = $2 WHERE id = $1",
                *(row, now - timedelta(minutes=1 + age)),
            )
        size = await connection.fetchval("SELECT octet_length(frames) FROM router.outbox LIMIT 1")
        taken = [
            {row for row, _, _ in await claim_lapsed(connection, now, CLAIM, 50, most)}
            for most in (2 * size, 1, 1)
        ]
        await connection.execute("DELETE FROM router.outbox")
    assert taken == [set(rows[:2]), {rows[2]}, set()]


async def test_what_is_not_taken_for_long_is_given_up(database: Database) -> None:
    """An old event is tried once more, then counted and dropped: rows must not pile up for ever."""
    sick = Queues(takes=False)
    sick.answers.set()
    outbox = Outbox(database, Queues(), sick)
    row = await committed(database, outbox)
    await outbox.publish(row["id"], [EVENT], datetime.now(UTC) - EVENTS_KEPT - timedelta(minutes=1))
    await outbox.drain()
    assert outbox.confirmed() == [row["id"]]
    await outbox.flush()
