"""Crash points: what a worker left behind is reported by whoever sweeps next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from behaviour.bus.rabbit import until
from behaviour.channel.gate import gated
from behaviour.channel.world import World, attempt_id, claim
from herald.bus.connections import Connections
from herald.bus.receipt_messages import receipt_body
from herald.channel import sends
from herald.channel.reports import report
from herald.channel.sends import StoredReport
from herald.channel.sweeper import (
    AFTER_OUTAGE_SECONDS,
    BATCH,
    LEASE_MARGIN,
    UNPUBLISHED_AGE,
    Sweeper,
)
from herald.contracts.vocabulary import Receipts
from herald.database.pool import OUTAGES, Database
from herald.providers.sending import Accepted, CallResult, Uncertain
from unit.channel.making import work


class Leftovers:
    """Rows as a worker leaves them at each point of its way."""

    def __init__(self, world: World, database: Database, connections: Connections) -> None:
        self.world = world
        self.database = database
        self.connections = connections

    def sweeper(self, *held: str) -> Sweeper:
        return Sweeper("sms", self.database, self.connections.publisher, held=lambda: held)

    async def claimed(self, *attempts: str, lease: timedelta) -> None:
        claims = [claim(one, lease) for one in attempts]
        async with self.database.connection() as connection:
            assert await sends.claim(connection, "sms", claims) == set(attempts)

    async def recorded(
        self, *attempts: str, result: CallResult, state: str, published: bool = False
    ) -> set[str]:
        reports = [
            StoredReport(
                attempt_id=one, state=state, report=written(one, result), published=published
            )
            for one in attempts
        ]
        async with self.database.connection() as connection:
            return set(await sends.record(connection, reports))

    async def let_pass(self, attempt: str, time: timedelta) -> None:
        """Make the row of an attempt older."""
        await self.world.database.execute(
            "UPDATE channel.sends SET updated_at = updated_at - $2::interval WHERE attempt_id = $1",
            attempt,
            time,
        )


def written(attempt: str, result: CallResult) -> str:
    receipt = report(
        work(attempt_id=attempt),
        result,
        datetime.now(UTC),
        provider="twilio",
        account="main",
        receipts=Receipts.DELIVERED,
    )
    return receipt_body(receipt).decode()


@pytest_asyncio.fixture
async def left(world: World) -> AsyncIterator[Leftovers]:
    """Give a database and a publisher that a sweeper can work with."""
    database = Database(world.dsn, application_name="test")
    connections = Connections(world.rabbit.amqp_url, app_id="test")
    await database.start()
    await connections.start()
    await until(lambda: connections.is_connected)
    yield Leftovers(world, database, connections)
    await connections.stop()
    await database.stop()


async def test_a_claim_nobody_reported_becomes_unknown(left: Leftovers) -> None:
    """Claimed, and the worker gone: one `unknown`, in the row and once on the bus."""
    attempt = attempt_id()
    await left.claimed(attempt, lease=-LEASE_MARGIN - timedelta(seconds=1))
    await left.sweeper().sweep()
    [receipt] = await left.world.receipts(1)
    assert (receipt["attempt_id"], receipt["status"]) == (attempt, "unknown")
    assert (receipt["provider"], receipt["account"]) == ("twilio", "main")
    row = await left.world.row(attempt)
    assert row is not None
    assert (row["state"], row["published"]) == ("unknown", True)
    await left.let_pass(attempt, timedelta(hours=1))
    await left.sweeper().sweep()
    assert await left.world.receipts_so_far() == []


async def test_a_report_that_nobody_can_read_holds_no_other_up(left: Leftovers) -> None:
    """As another version may have written it: the others are published, and it stays in its row."""
    unreadable, other = attempt_id(), attempt_id()
    await left.claimed(unreadable, other, lease=timedelta(hours=1))
    await left.recorded(unreadable, other, result=Accepted(("SM1",)), state="recorded")
    await left.world.database.execute(
        "UPDATE channel.sends SET report = '{}' WHERE attempt_id = $1", unreadable
    )
    for attempt in (unreadable, other):
        await left.let_pass(attempt, UNPUBLISHED_AGE * 2)
    await left.sweeper().sweep()
    [receipt] = await left.world.receipts(1)
    assert receipt["attempt_id"] == other
    row = await left.world.row(unreadable)
    assert row is not None
    assert not row["published"]


async def test_a_lease_is_left_alone_until_it_is_surely_over(left: Leftovers) -> None:
    """A live lease, and one just ended by a clock that may run fast, are not touched."""
    attempt, ending = attempt_id(), attempt_id()
    await left.claimed(attempt, lease=timedelta(seconds=1))
    await left.claimed(ending, lease=-LEASE_MARGIN / 2)
    await left.sweeper().sweep()
    assert await left.world.receipts_so_far() == []


async def test_a_lease_is_not_judged_while_its_report_is_under_way(left: Leftovers) -> None:
    """What this process is about to record does not become unknown first."""
    kept, lost = attempt_id(), attempt_id()
    await left.claimed(kept, lost, lease=-LEASE_MARGIN - timedelta(seconds=1))
    await left.sweeper(kept).sweep()
    [receipt] = await left.world.receipts(1)
    assert receipt["attempt_id"] == lost


async def test_after_an_outage_leases_are_judged_later(left: Leftovers) -> None:
    """Other processes get time to record what they kept while the database was away."""
    attempt, now = attempt_id(), [1000.0]
    await left.claimed(attempt, lease=-LEASE_MARGIN - timedelta(seconds=1))
    async with gated(left.world.dsn) as gate:
        database = Database(gate.url, application_name="test")
        await database.start()
        publisher = left.connections.publisher
        sweeper = Sweeper("sms", database, publisher, clock=lambda: now[0])
        await gate.shut()
        with pytest.raises(OUTAGES):
            await sweeper.turn()
        await gate.open()
        now[0] += AFTER_OUTAGE_SECONDS - 1
        await sweeper.turn()
        assert await left.world.receipts_so_far() == []
        now[0] += 1
        await sweeper.turn()
        await database.stop()
    [receipt] = await left.world.receipts(1)
    assert (receipt["attempt_id"], receipt["status"]) == (attempt, "unknown")


async def test_a_report_over_unknown_gives_its_own_receipt(left: Leftovers) -> None:
    """A worker that could record at last reports under another id than `unknown`."""
    attempt = attempt_id()
    await left.claimed(attempt, lease=timedelta(hours=-1))
    await left.sweeper().sweep()
    [unknown] = await left.world.messages(1)
    accepted = Accepted(("SM1",))
    assert await left.recorded(attempt, result=accepted, state="recorded") == {attempt}
    await left.let_pass(attempt, timedelta(minutes=1))
    await left.sweeper().sweep()
    [final] = await left.world.messages(1)
    assert final.message_id != unknown.message_id
    assert b'"accepted"' in final.body


async def test_a_final_report_is_never_overwritten(left: Leftovers) -> None:
    """The first report stands against a second one, and against a late `unknown`."""
    attempt = attempt_id()
    await left.claimed(attempt, lease=timedelta(hours=1))
    assert await left.recorded(attempt, result=Accepted(("SM1",)), state="recorded")
    row = await left.world.row(attempt)
    assert not await left.recorded(attempt, result=Accepted(("SM2",)), state="recorded")
    assert not await left.recorded(attempt, result=Uncertain("reset"), state="unknown")
    assert await left.world.row(attempt) == row


async def test_a_withdrawn_attempt_takes_no_report(left: Leftovers) -> None:
    """Nothing is recorded over what the router withdrew."""
    attempt = attempt_id()
    await left.world.withdraw(attempt)
    assert not await left.recorded(attempt, result=Accepted(("SM1",)), state="recorded")


async def test_a_recorded_report_that_was_not_published_is_published(left: Leftovers) -> None:
    """Recorded, and the worker gone before the publish: the sweeper publishes it as written."""
    attempt = attempt_id()
    await left.claimed(attempt, lease=timedelta(hours=1))
    await left.recorded(attempt, result=Accepted(("SM1",)), state="recorded")
    await left.sweeper().sweep()
    assert await left.world.receipts_so_far() == []  # its worker may be about to publish it
    row = await left.world.row(attempt)
    await left.let_pass(attempt, UNPUBLISHED_AGE)
    await left.sweeper().sweep()
    [message] = await left.world.messages(1)
    assert row is not None
    assert message.body.decode() == row["report"]
    row = await left.world.row(attempt)
    assert row is not None
    assert row["published"]


async def test_a_report_that_the_router_did_not_hear_is_published_again(left: Leftovers) -> None:
    """The router asks for the attempt: whatever became of its report, it is published once more."""
    attempt = attempt_id()
    await left.claimed(attempt, lease=timedelta(hours=1))
    await left.recorded(attempt, result=Accepted(("SM1",)), state="recorded", published=True)
    assert await left.world.withdraw(attempt) == "recorded"
    await left.let_pass(attempt, timedelta(minutes=1))
    await left.sweeper().sweep()
    assert await left.world.receipts_so_far() == []  # at first it may be on its way
    assert await left.world.withdraw(attempt) == "recorded"
    await left.sweeper().sweep()
    [receipt] = await left.world.receipts(1)
    assert (receipt["attempt_id"], receipt["status"]) == (attempt, "accepted")


async def test_a_report_that_can_not_be_published_stays_in_its_row(left: Leftovers) -> None:
    """Without a broker the row keeps its report, and a later sweep publishes it."""
    attempt = attempt_id()
    await left.claimed(attempt, lease=timedelta(hours=-1))
    never_started = Connections(left.world.rabbit.amqp_url, app_id="never-started")
    sweeper = Sweeper("sms", left.database, never_started.publisher)
    assert not await sweeper.sweep()
    row = await left.world.row(attempt)
    assert row is not None
    assert (row["state"], row["published"]) == ("unknown", False)
    await left.let_pass(attempt, UNPUBLISHED_AGE)
    await left.sweeper().sweep()
    [receipt] = await left.world.receipts(1)
    assert receipt["attempt_id"] == attempt


async def test_sweepers_share_the_work(left: Leftovers) -> None:
    """Several replicas sweeping at once report each attempt once and wait for nobody."""
    attempts = [attempt_id() for _ in range(BATCH * 3)]
    await left.claimed(*attempts, lease=timedelta(hours=-1))
    await asyncio.gather(*(left.sweeper().sweep() for _ in range(3)))
    receipts = await left.world.receipts_so_far()
    names = [receipt["attempt_id"] for receipt in receipts]
    assert len(set(names)) == len(names)
    assert len(names) >= BATCH


async def test_a_full_batch_says_that_more_may_wait(left: Leftovers) -> None:
    """After an outage the sweeper goes on at once until nothing is left."""
    attempts = [attempt_id() for _ in range(BATCH + 10)]
    await left.claimed(*attempts, lease=timedelta(hours=-1))
    sweeper, sweeps = left.sweeper(), 1
    while await sweeper.sweep():
        sweeps += 1
    receipts = await left.world.receipts(BATCH + 10)
    assert sweeps == 2
    assert {receipt["attempt_id"] for receipt in receipts} == set(attempts)


async def test_another_channels_rows_are_not_ours(left: Leftovers) -> None:
    """A sweeper reports its own channel's attempts only."""
    attempt = attempt_id()
    await left.claimed(attempt, lease=timedelta(hours=-1))
    await Sweeper("email", left.database, left.connections.publisher).sweep()
    assert await left.world.receipts_so_far() == []
