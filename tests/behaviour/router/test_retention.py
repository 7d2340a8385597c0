"""Forgetting with time: what goes, what stays, and what is never touched, on real servers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from behaviour.router.receipts import receipt, webhook
from behaviour.router.world import World, command
from herald.config.retention import Retention as Rules
from herald.contracts.vocabulary import Receipts, Status
from herald.contracts.work import Work
from herald.database.pool import Connection, Database
from router import metrics
from router.jobs.retention import Retention
from router.store import retention as store

ROUTERS = 2  # a receipt about what was forgotten may come to any

PHONE, NAME, TEXT = "+15550003333", "Ada Lovelace", "Your code is 271828"
LONG_AGO = timedelta(days=400)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(world: World) -> AsyncIterator[Database]:
    """Give the pool of a router that does nothing but forget."""
    database = Database(world.dsn, application_name="test-retention")
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
def forget(database: Database) -> Retention:
    """Give what forgets by the default rules, without pauses."""
    return Retention(database, Rules(), pause_seconds=0)


async def accepted(world: World) -> tuple[str, Work]:
    """Send a message over WhatsApp and have its provider take it; return its key and work."""
    key = await world.send(
        to={"phone": PHONE, "name": NAME}, content={"text": TEXT}, metadata={"who": NAME}
    )
    work = await world.work("whatsapp", key)
    await world.claim(work)
    element = {"recipient_id": PHONE[1:]}
    await world.report(receipt(work, Status.ACCEPTED, receipts=Receipts.READ, element=element))
    await world.row("SELECT true FROM router.provider_refs WHERE attempt_id = $1", work.attempt_id)
    return key, work


async def delivered(world: World) -> tuple[str, Work]:
    """Send a message that arrives; return its key and work."""
    key, work = await accepted(world)
    await world.report(webhook(work, Status.DELIVERED, element={"recipient_id": PHONE[1:]}))
    await world.heard("delivered", key)
    await world.database.execute(
        "UPDATE channel.sends SET state = 'recorded', report = $2 WHERE attempt_id = $1",
        *(work.attempt_id, f'{{"to": "{PHONE}"}}'),
    )
    return key, work


async def age(world: World, work: Work, by: timedelta) -> None:
    """Let a message, with all that belongs to it, be older."""
    earlier = "SET created_at = created_at - $2::interval"
    day = await world.database.fetchval(
        f"WITH found_by AS (UPDATE router.recipients {earlier} WHERE message_id = $1)"
        f" UPDATE router.messages {earlier}, ended_at = ended_at - $2::interval WHERE id = $1"
        " RETURNING (created_at AT TIME ZONE 'UTC')::date",
        *(work.message_id, by),
    )
    await world.database.execute(
        "UPDATE router.history SET day = $2 WHERE message_id = $1", work.message_id, day
    )
    await world.database.execute(
        f"UPDATE router.provider_refs {earlier} WHERE attempt_id = $1", work.attempt_id, by
    )


async def rows_about(world: World, work: Work) -> str:
    """Return, as one text, all that tables hold of a message."""
    queries = (
        "SELECT m::text FROM router.messages m WHERE id::text = $1",
        "SELECT h::text FROM router.history h WHERE message_id::text = $1",
        "SELECT r::text FROM router.recipients r WHERE message_id::text = $1",
        "SELECT r::text FROM router.provider_refs r WHERE starts_with(attempt_id, $1)",
        "SELECT s::text FROM channel.sends s WHERE starts_with(attempt_id, $1)",
    )
    found = [await world.database.fetch(query, work.message_id) for query in queries]
    return "\n".join(row[0] for rows in found for row in rows)


async def make_partition(world: World, day: date) -> str:
    """Make the partition of a day long ago; return its name."""
    name = f"router.history_{day:%Y%m%d}"
    await world.database.execute(
        f"CREATE TABLE {name} PARTITION OF router.history"
        f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
    )
    return name


async def exists(world: World, table: str) -> bool:
    return await world.database.fetchval("SELECT to_regclass($1)", table) is not None


def today() -> date:
    return datetime.now(UTC).date()


async def test_contents_go_and_states_stay(world: World, forget: Retention) -> None:
    """After its time nothing says what a message was or to whom; how it went is known still."""
    key, work = await delivered(world)
    await age(world, work, timedelta(days=31))
    before = await rows_about(world, work)
    assert all(word in before for word in (PHONE, NAME, TEXT))
    await forget.turn()
    after = await rows_about(world, work)
    assert not any(word in after for word in (PHONE[1:], NAME, TEXT))
    assert key in after
    assert "delivered" in after
    assert "-> accepted" in after


async def test_late_news_of_what_was_erased(world: World, forget: Retention) -> None:
    """It is published as before, and the provider's words in it are not kept."""
    key, work = await delivered(world)
    await age(world, work, timedelta(days=31))
    await forget.turn()
    await world.report(receipt(work, Status.READ, element={"recipient_id": PHONE[1:]}))
    [event] = await world.heard("read", key)
    assert (event["late"], event["outcome"]) == (True, "succeeded")
    assert PHONE[1:] not in await rows_about(world, work)


async def test_the_key_of_what_was_erased_is_taken(world: World, forget: Retention) -> None:
    """Whatever is sent under it is a duplicate, for there is nothing left to compare with."""
    key, work = await delivered(world)
    await age(world, work, timedelta(days=31))
    await forget.turn()
    heard = await world.ask(command(idempotency_key=key, content={"text": "Something else"}))
    assert (heard.what, heard.data["outcome"]) == ("duplicate", "succeeded")


async def test_work_that_retries_on_5xx_is_not_done_again(world: World, forget: Retention) -> None:
    """The channel's row of an erased attempt stays, as withdrawn: no worker makes that call."""
    _, work = await delivered(world)
    await age(world, work, timedelta(days=31))
    await forget.turn()
    row = await world.database.fetchrow(
        "SELECT state::text, report FROM channel.sends WHERE attempt_id = $1", work.attempt_id
    )
    assert row is not None
    assert tuple(row) == ("withdrawn", None)


async def test_nothing_of_a_message_under_way_is_touched(world: World, forget: Retention) -> None:
    """However old it is: its provider's ids, its history and its contents are needed still."""
    key, work = await accepted(world)
    await age(world, work, LONG_AGO)
    before = await rows_about(world, work)
    await forget.turn()
    assert await rows_about(world, work) == before
    await world.report(webhook(work, Status.DELIVERED))
    assert await world.heard("delivered", key)


async def test_an_old_message_goes_with_its_day(world: World, forget: Retention) -> None:
    """Once no message of a day is left, its partition is dropped; the key is free again."""
    key, work = await delivered(world)
    long_ago = LONG_AGO + timedelta(days=3)
    partition = await make_partition(world, today() - long_ago)
    await age(world, work, long_ago)
    await forget.turn()
    assert await rows_about(world, work) == ""
    assert not await exists(world, partition)
    assert (await world.ask(command(idempotency_key=key))).what == "accepted"


async def test_a_day_with_a_message_under_way_stays(world: World, forget: Retention) -> None:
    """Only the history of the messages that are gone is deleted from it."""
    long_ago = LONG_AGO + timedelta(days=1)
    partition = await make_partition(world, today() - long_ago)
    (_, old), (_, alive) = await delivered(world), await accepted(world)
    for work in (old, alive):
        await age(world, work, long_ago)
    kept = await rows_about(world, alive)
    await forget.turn()
    assert await exists(world, partition)
    assert await rows_about(world, old) == ""
    assert await rows_about(world, alive) == kept


async def test_days_without_a_partition_are_emptied(world: World, forget: Retention) -> None:
    """What lies in the default partition is deleted row by row."""
    _, work = await delivered(world)
    await age(world, work, LONG_AGO + timedelta(days=2))
    await forget.turn()
    assert await rows_about(world, work) == ""


async def test_dead_letters_and_foreign_references_go(world: World, forget: Retention) -> None:
    """What accounts shared with others leave here does not pile up for ever."""
    name = uuid.uuid4().hex
    for days in (29, 31):
        await world.database.execute(
            "INSERT INTO router.provider_refs (provider, account, reference, created_at)"
            " VALUES ('twilio', 'twilio-main', $1, now() - $2::interval)",
            *(f"{name}-{days}", timedelta(days=days)),
        )
        await insert_dead_letter(world, f"{name}-{days}", timedelta(days=days))
    await forget.turn()
    for query in (
        "SELECT reference FROM router.provider_refs WHERE starts_with(reference, $1)",
        "SELECT id FROM router.dead_letters WHERE starts_with(id, $1)",
    ):
        left = await world.database.fetch(query, name)
        assert [row[0] for row in left] == [f"{name}-29"]


async def test_what_recipients_sent_goes(world: World, forget: Retention) -> None:
    """It is kept as long as what was sent to them, and so is when they wrote last."""
    name = uuid.uuid4().hex
    for days in (29, 31):
        await world.database.execute(
            "INSERT INTO router.inbound (id, tenant, channel, provider, account, reference,"
            " content, sender, sender_hash, received_at) VALUES (gen_random_uuid(), 'default',"
            " 'sms', 'twilio', $1, 'ref', 'text', $2, 0, now() - $3::interval)",
            *(f"{name}-{days}", PHONE, timedelta(days=days)),
        )
    await forget.turn()
    for table in ("inbound", "conversations"):
        query = f"SELECT account FROM router.{table} WHERE starts_with(account, $1)"  # noqa: S608  ours
        left = await world.database.fetch(query, name)
        assert [row[0] for row in left] == [f"{name}-29"]


async def insert_dead_letter(world: World, name: str, old: timedelta) -> None:
    await world.database.execute(
        "INSERT INTO router.dead_letters"
        " (id, queue, reason, exchange, routing_key, headers, body, received_at)"
        " VALUES ($1, 'router.control', 'test', '', '', '{}', '', now() - $2::interval)",
        *(name, old),
    )


def counted(table: str) -> float:
    value: float = metrics.RETENTION_DELETED.labels(table)._value.get()
    return value


async def test_two_routers_forget_together(world: World, database: Database) -> None:
    """Each row is forgotten once, whoever does it, in batches no larger than allowed."""
    for number in range(25):
        await insert_dead_letter(world, f"{uuid.uuid4().hex}-{number}", timedelta(days=50))
    before = counted("dead_letters")
    both = [Retention(database, Rules(), batch=4, pause_seconds=0) for _ in range(2)]
    await asyncio.gather(*(one.turn() for one in both))
    await both[0].turn()  # the other may have had the turn when its own came
    assert counted("dead_letters") == before + 25


async def test_batches_are_bounded(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is old, one transaction deletes a batch of it at most."""
    sizes: list[int] = []
    delete = store.delete_dead_letters

    async def noted(connection: Connection, *arguments: Any) -> int:
        sizes.append(await delete(connection, *arguments))
        return sizes[-1]

    monkeypatch.setattr(store, "delete_dead_letters", noted)
    for number in range(10):
        await insert_dead_letter(world, f"{uuid.uuid4().hex}-{number}", timedelta(days=50))
    await Retention(database, Rules(), batch=4, pause_seconds=0).turn()
    assert sizes == [4, 4, 2]


async def test_a_routers_clock_is_of_no_matter(
    world: World, database: Database, forget: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that takes itself to be in another year forgets nothing too soon."""
    _, work = await delivered(world)
    before = await rows_about(world, work)
    monkeypatch.setattr(Database, "now", lambda _: datetime.now(UTC) + timedelta(days=4000))
    await forget.turn()
    assert await rows_about(world, work) == before
