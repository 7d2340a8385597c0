"""Work delivered again: whatever its row says, there is no second call."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg

from behaviour.bus.rabbit import until
from behaviour.channel.world import World, attempt_id, redelivered
from behaviour.channel.world import until as world_until
from herald.channel import sends
from herald.channel.sends import StoredReport
from herald.contracts import topology
from herald.database.reconciling import reconcile


async def test_a_recorded_report_is_published_again_under_the_same_id(world: World) -> None:
    """The report of a redelivery is the recorded one, byte for byte, and no second call."""
    attempt = attempt_id()
    async with world.channel():
        await world.send(attempt)
        [first] = await world.messages(1)
        await world.recorded(attempt)
        await world.send(attempt)
        [second] = await world.messages(1)
    assert (first.message_id, first.body) == (second.message_id, second.body)
    assert world.provider.calls_of(attempt) == 1
    assert await world.unsettled() == 0


async def test_a_live_lease_is_left_alone(world: World) -> None:
    """While somebody may be calling, a redelivery is only acknowledged."""
    attempt = attempt_id()
    world.provider.may_respond.clear()
    async with world.channel():
        await world.send(attempt)
        await until(lambda: world.provider.calls)
        before = redelivered()
        await world.send(attempt)
        await until(lambda: redelivered() == before + 1)
        world.provider.may_respond.set()
        [receipt] = await world.receipts(1)
    assert receipt["status"] == "accepted"
    assert world.provider.calls_of(attempt) == 1
    assert await world.receipts_so_far() == []


async def test_a_report_is_the_sweepers_where_its_work_came_again_before(world: World) -> None:
    """That delivery is acknowledged for the claim: no other one will find the report in the row."""
    once, again = attempt_id(), attempt_id()
    reports = [
        StoredReport(attempt_id=one, state="recorded", report="{}", published=True)
        for one in (once, again)
    ]
    await world.abandon(once)
    await world.abandon(again)
    assert (await sends.look_up(world.database, [again]))[again].state == "started"
    assert await sends.record(world.database, reports) == {once: True, again: False}


async def test_work_that_comes_again_finds_a_report_that_it_waited_for(world: World) -> None:
    """The report is recorded meanwhile: it is seen, for it is not the sweeper's."""
    attempt = attempt_id()
    await world.abandon(attempt)
    report = StoredReport(attempt_id=attempt, state="recorded", report="{}", published=True)
    other = await asyncpg.connect(world.dsn)
    try:
        async with world.database.transaction():
            assert await sends.record(world.database, [report]) == {attempt: True}
            looking = asyncio.create_task(sends.look_up(other, [attempt]))
            await until_waited_for(world)
        assert (await looking)[attempt].state == "recorded"
    finally:
        await other.close()


async def test_an_ended_lease_is_the_sweepers(world: World) -> None:
    """A redelivery that finds a claim of the dead calls nobody; the sweeper reports it once."""
    attempt = attempt_id()
    await world.abandon(attempt)
    before = redelivered()
    async with world.channel():
        await world.send(attempt, attempt)
        await until(lambda: redelivered() == before + 2)
        [receipt] = await world.receipts(1)
    assert receipt["failure"]["code"] == "lease_ended"
    assert await world.receipts_so_far() == []
    assert world.provider.calls == []
    assert await world.unsettled() == 0


async def test_withdrawn_work_is_never_made(world: World) -> None:
    """Work the router took back first is acknowledged without a report."""
    attempt = attempt_id()
    assert await world.withdraw(attempt) == "withdrawn"
    before = redelivered()
    async with world.channel():
        await world.send(attempt)
        await until(lambda: redelivered() == before + 1)
    assert await world.receipts_so_far() == []
    assert world.provider.calls == []
    assert await world.unsettled() == 0
    row = await world.row(attempt)
    assert row is not None
    assert row["state"] == "withdrawn"


async def test_a_withdraw_after_the_claim_learns_that_it_lost(world: World) -> None:
    """The claim came first: the router learns that it started and until when, and it goes on."""
    attempt = attempt_id()
    world.provider.may_respond.clear()
    async with world.channel():
        await world.send(attempt)
        await until(lambda: world.provider.calls)
        assert await world.withdraw(attempt) == "started"
        world.provider.may_respond.set()
        [receipt] = await world.receipts(1)
        await world.recorded(attempt)
        assert await world.withdraw(attempt) == "recorded"
    assert receipt["status"] == "accepted"


async def test_withdraw_and_claim_have_one_winner(world: World) -> None:
    """Racing over many attempts, each is either made or withdrawn, never both and never neither."""
    attempts = [attempt_id() for _ in range(200)]
    async with world.channel():
        await world.send(*attempts)
        rows = await world.database.fetch(
            "SELECT attempt_id, state::text FROM channel.withdraw($1::text[])", attempts[::-1]
        )
        withdrawn = {row["attempt_id"] for row in rows if row["state"] == "withdrawn"}
        receipts = await world.receipts(200 - len(withdrawn)) if len(withdrawn) < 200 else []
    made = [work.attempt_id for work in world.provider.calls]
    assert len(rows) == 200
    assert len(set(made)) == len(made)
    assert set(made) | withdrawn == set(attempts)
    assert not set(made) & withdrawn
    assert {receipt["attempt_id"] for receipt in receipts} == set(made)
    assert await world.unsettled() == 0


async def test_an_open_withdraw_holds_the_claim(world: World) -> None:
    """While the router's transaction is open the call waits, and its commit forbids it."""
    attempt, other = attempt_id(), attempt_id()
    async with world.channel():
        async with world.database.transaction():
            assert await world.withdraw(attempt) == "withdrawn"
            await world.send(attempt, other)
            await until_waited_for(world)
            assert await world.receipts_so_far() == []
        receipts = await world.receipts(1)
    assert [receipt["attempt_id"] for receipt in receipts] == [other]
    assert world.provider.calls_of(attempt) == 0


async def until_waited_for(world: World) -> None:
    """Wait until a statement waits for the transaction that the test has open."""

    async def is_waited_for() -> bool:
        return bool(
            await world.database.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
            )
        )

    await world_until(is_waited_for)


async def test_a_rolled_back_withdraw_lets_the_call_go(world: World) -> None:
    """A withdraw whose transaction failed never happened."""
    attempt = attempt_id()
    async with world.channel():
        transaction = world.database.transaction()
        await transaction.start()
        assert await world.withdraw(attempt) == "withdrawn"
        await world.send(attempt)
        await transaction.rollback()
        [receipt] = await world.receipts(1)
    assert receipt["status"] == "accepted"


async def test_a_lost_connection_makes_no_second_call(world: World) -> None:
    """Calls under way survive the loss of their channel; the redeliveries find their rows."""
    attempts, before = [attempt_id() for _ in range(40)], redelivered()
    world.provider.may_respond.clear()
    async with world.channel() as channel:
        await world.send(*attempts)
        await until(lambda: len(world.provider.calls) == 40)
        source = channel._subscribers[1]._receiving
        assert source is not None
        name = f"{channel.connections.consuming.app_id} consuming"
        await world.rabbit.close_connections(name)
        await until(lambda: not source.is_open)
        world.provider.may_respond.set()
        receipts = await world.receipts(40)
        await until(lambda: channel.connections.problem is None)
        await until(lambda: all(one.healthy for one in channel._subscribers))
        await until(lambda: redelivered() == before + 40)
    assert sorted(receipt["attempt_id"] for receipt in receipts) == sorted(attempts)
    assert len(world.provider.calls) == 40
    assert await world.unsettled() == 0
    assert await world.rabbit.ready(topology.DEAD_QUEUE) == 0


async def test_an_attempt_that_a_restore_left_in_doubt_is_not_made(world: World) -> None:
    """`herald reconcile` gave it a row: the work is answered with its report, and nobody called."""
    message = uuid4()
    plan = {"lane": "normal", "steps": [{"channel": "sms"}]}
    state = {"attempts": [{"step": 1, "number": 1, "channel": "sms", "status": "accepted"}]}
    await world.database.execute(
        "INSERT INTO router.messages"
        " (id, tenant, idempotency_key, command_hash, created_at, plan, content, state)"
        " VALUES ($1, 'default', 'key', '', now(), $2, '{}', $3)",
        *(message, json.dumps(plan), json.dumps(state)),
    )
    assert (await reconcile(world.dsn, datetime.now(UTC))).possible == 1
    async with world.channel():
        await world.send(f"{message}.1.2")
        [receipt] = await world.receipts(1)
    assert (receipt["status"], receipt["failure"]["code"]) == ("unknown", "restored")
    assert world.provider.calls == []
    assert await world.unsettled() == 0
