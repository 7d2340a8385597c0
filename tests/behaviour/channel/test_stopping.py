"""Stopping: consuming ends, calls are finished and reported, nothing is left unsettled."""

from __future__ import annotations

import asyncio

from behaviour.bus.rabbit import until
from behaviour.channel.world import World, attempt_id
from herald.contracts import topology
from herald.contracts.vocabulary import Lane


async def test_a_drain_leaves_nothing_unacknowledged(world: World) -> None:
    """Calls under way when the stop comes are finished, recorded, published and acknowledged."""
    attempts = [attempt_id() for _ in range(60)]
    world.provider.may_respond.clear()
    async with world.channel():
        await world.send(*attempts)
        await until(lambda: len(world.provider.calls) == 60)
        asyncio.get_running_loop().call_later(0.5, world.provider.may_respond.set)
    receipts = await world.receipts(60)
    assert len(world.provider.calls) == 60
    assert {receipt["status"] for receipt in receipts} == {"accepted"}
    assert await world.unsettled() == 0
    rows = await world.database.fetch("SELECT state::text, published FROM channel.sends")
    assert {(row["state"], row["published"]) for row in rows} == {("recorded", True)}


async def test_what_was_not_begun_waits_for_the_next(world: World) -> None:
    """Work beyond the slots stays in its queue, undelivered, and is made after the restart."""
    attempts = [attempt_id() for _ in range(300)]
    world.provider.may_respond.clear()
    async with world.channel():
        await world.send(*attempts)
        await until(lambda: len(world.provider.calls) == 200)
        asyncio.get_running_loop().call_later(0.3, world.provider.may_respond.set)
    assert len(world.provider.calls) == 200
    queue = topology.outbound_queue("sms", Lane.NORMAL)
    assert await world.rabbit.ready(queue) >= 100
    async with world.channel():
        receipts = await world.receipts(300)
    assert sorted(work.attempt_id for work in world.provider.calls) == sorted(attempts)
    assert {receipt["attempt_id"] for receipt in receipts} == set(attempts)


async def test_reports_are_recorded_though_the_broker_is_lost(world: World) -> None:
    """A stop after the connections were lost records what calls came to, to be published later."""
    attempts = [attempt_id() for _ in range(20)]
    world.provider.may_respond.clear()
    async with world.channel() as channel:
        await world.send(*attempts)
        await until(lambda: len(world.provider.calls) == 20)
        app_id = channel.connections.consuming.app_id
        await world.rabbit.close_connections(f"{app_id} consuming")
        asyncio.get_running_loop().call_later(1.0, world.provider.may_respond.set)
    rows = [await world.row(attempt) for attempt in attempts]
    assert {row["state"] for row in rows if row} == {"recorded"}
    async with world.channel():  # redeliveries find their rows, and so does the sweeper
        receipts = await world.receipts(20)
    assert {receipt["attempt_id"] for receipt in receipts} == set(attempts)
    assert len(world.provider.calls) == 20


async def test_urgent_work_never_waits_behind_a_campaign(world: World) -> None:
    """With every bulk slot taken, urgent work is called at once."""
    campaign, urgent = [attempt_id() for _ in range(150)], attempt_id()
    world.provider.may_respond.clear()
    async with world.channel():
        await world.send(*campaign, lane=Lane.BULK)
        await until(lambda: len(world.provider.calls) == 100)
        await world.send(urgent, lane=Lane.URGENT)
        await until(lambda: world.provider.calls_of(urgent))
        world.provider.may_respond.set()
        await world.receipts(151)
