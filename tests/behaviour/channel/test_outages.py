"""The database or the broker away in the middle of it: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from behaviour.bus.rabbit import until
from behaviour.channel.gate import Gate, gated
from behaviour.channel.world import World, attempt_id, problems, ready
from behaviour.channel.world import until as world_until
from herald.channel.recorder import Recorder
from herald.channel.service import Channel
from herald.contracts import topology
from herald.contracts.vocabulary import Lane
from herald.database.pool import OUTAGES


async def strand(world: World, gate: Gate, channel: Channel) -> list[str]:
    """Have the provider respond while the database is away: only the recorder has the reports."""
    attempts = [attempt_id() for _ in range(20)]
    world.provider.may_respond.clear()
    await world.send(*attempts)
    await until(lambda: len(world.provider.calls) == len(attempts))
    await gate.shut()
    world.provider.may_respond.set()
    await until(lambda: problems(channel)["recorder"])
    return attempts


async def test_a_report_is_kept_while_the_database_is_away(world: World) -> None:
    """What calls came to is published at once, once, and recorded when the database is back."""
    async with gated(world.dsn) as gate, world.channel(dsn=gate.url) as channel:
        attempts = await strand(world, gate, channel)
        receipts = await world.receipts(20)
        await gate.open()

        async def all_are_recorded() -> bool:
            rows = [await world.row(attempt) for attempt in attempts]
            return all(row is not None and row["state"] == "recorded" for row in rows)

        await world_until(all_are_recorded)
        await ready(channel)
    assert sorted(receipt["attempt_id"] for receipt in receipts) == sorted(attempts)
    assert {receipt["status"] for receipt in receipts} == {"accepted"}
    assert await world.receipts_so_far() == []
    assert len(world.provider.calls) == 20
    assert await world.unsettled() == 0


async def test_an_outage_longer_than_leases_makes_nothing_unknown(world: World) -> None:
    """However late a report is recorded, the worker that kept it does not call it unknown."""
    async with gated(world.dsn) as gate, world.channel(dsn=gate.url) as channel:
        attempts = await strand(world, gate, channel)
        for attempt in attempts:
            await world.end_lease(attempt)
        await gate.open()

        async def has_swept() -> bool:
            with contextlib.suppress(*OUTAGES):
                await channel._sweeper.sweep()
                return True
            return False

        receipts = await world.receipts(20)
        await world_until(has_swept)
    assert {receipt["status"] for receipt in receipts} == {"accepted"}
    assert await world.receipts_so_far() == []


async def test_no_claim_no_call(world: World) -> None:
    """Without the database nothing is called or returned; the same work is made afterwards."""
    attempts = [attempt_id() for _ in range(20)]
    async with gated(world.dsn) as gate, world.channel(dsn=gate.url, rate="20/s") as channel:
        await gate.shut()
        await world.send(*attempts)
        await until(lambda: problems(channel)["consumers"])
        assert world.provider.calls == []
        assert await world.receipts_so_far() == []
        await gate.open()
        receipts = await world.receipts(20)
        await ready(channel)
    # no try took a token for good, or some would have come back as `rate_limit`
    assert {receipt["status"] for receipt in receipts} == {"accepted"}
    assert sorted(work.attempt_id for work in world.provider.calls) == sorted(attempts)
    assert await world.unsettled() == 0


async def test_a_failed_claim_hands_nothing_out_twice(world: World) -> None:
    """A batch that is tried again has left no part of itself behind: neither calls nor returns."""
    attempts = [attempt_id() for _ in range(40)]
    async with gated(world.dsn) as gate, world.channel(dsn=gate.url, rate="10/s") as channel:
        await gate.shut()
        await world.send(*attempts)
        await until(lambda: problems(channel)["consumers"])
        assert not channel._worker._tasks  # nobody waits for a token
        assert await world.receipts_so_far() == []
        await gate.open()
        receipts = await world.receipts(40)
    assert len({receipt["attempt_id"] for receipt in receipts}) == 40
    accepted = [receipt for receipt in receipts if receipt["status"] == "accepted"]
    assert len(accepted) >= 27
    assert len(world.provider.calls) == len(accepted)


async def test_a_receipts_queue_that_is_gone_holds_no_work(world: World) -> None:
    """Reports that can't be routed stay in their rows; the sweeper publishes them afterwards."""
    attempts = [attempt_id() for _ in range(5)]
    key = topology.attempt_receipt_key("sms", Lane.NORMAL)
    async with world.rabbit.channel() as bus:
        queue = await bus.get_queue(topology.receipts_queue(Lane.NORMAL))
        await queue.unbind(topology.reports_exchange("sms"), key)
        async with world.channel() as channel:
            await world.send(*attempts)
            await until(lambda: len(world.provider.calls) == 5)
            subscriber = channel._subscribers[1]
            await until(lambda: subscriber._receiving and subscriber._receiving.unsettled == 0)
            rows = [await world.row(attempt) for attempt in attempts]
            assert await world.rabbit.ready(queue.name) == 0
            await queue.bind(topology.reports_exchange("sms"), key)
            receipts = await world.receipts(5)
    assert {(row["state"], row["published"]) for row in rows if row} == {("recorded", False)}
    assert sorted(receipt["attempt_id"] for receipt in receipts) == sorted(attempts)
    assert len(world.provider.calls) == 5


async def test_starts_before_the_schema_and_the_broker(world: World) -> None:
    """Without its migrations a channel says what to run, consumes nothing, and then begins."""
    await world.database.execute("ALTER TABLE public.herald_migrations RENAME TO hidden")
    attempt = attempt_id()
    await world.send(attempt)
    channel = world.build()
    application = channel.application()
    try:
        async with application.router.lifespan_context(application):
            await until(lambda: "herald migrate" in str(problems(channel)["schema"]))
            assert problems(channel)["broker"]
            assert world.provider.calls == []
            await world.database.execute("ALTER TABLE public.hidden RENAME TO herald_migrations")
            await ready(channel)
            [receipt] = await world.receipts(1)
    finally:
        await world.database.execute(
            "ALTER TABLE IF EXISTS public.hidden RENAME TO herald_migrations"
        )
    assert receipt["attempt_id"] == attempt


async def test_readiness_shows_that_nothing_records_any_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder that died of a bug does not go unseen."""
    is_ready = asyncio.Event()

    async def die(_: Recorder) -> None:
        await is_ready.wait()
        raise RuntimeError("bug")

    monkeypatch.setattr(Recorder, "run", die)
    async with world.channel() as channel:
        is_ready.set()
        await until(lambda: problems(channel)["work"])
