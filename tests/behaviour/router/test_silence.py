"""Silence is judged only up to what every router has handled and every ingress could publish."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import UUID, uuid4

from behaviour.bus.link import linked
from behaviour.router.receipts import receipt
from behaviour.router.world import World, build_routers
from herald.bus.connections import Connections
from herald.bus.subscribers import BatchSubscriber
from herald.contracts.receipts import Pulse
from herald.contracts.vocabulary import Lane, Status
from herald.database.pool import Database
from router.jobs.silence_gate import SilenceGate

IMPATIENT = "quick"  # falls back after half a second of silence
STARTS_SOON = "impatient"  # falls back when no worker has started it within half a second

NEW_ROUTER = """
SELECT router FROM router.listeners WHERE progress IS NOT NULL AND NOT router = ANY ($1)
GROUP BY router HAVING count(*) = 3 LIMIT 1
"""
ROWS = "SELECT count(*) FROM router.listeners WHERE router = $1"


async def _accepted(world: World, key: str) -> None:
    """Have WhatsApp accept a message, and never report about it again."""
    await world.report(receipt(await world.work("whatsapp", key), Status.ACCEPTED))


async def test_a_router_that_hangs_holds_silence(world: World) -> None:
    """What another router was given and has not handled may be the news that is waited for.

    It hangs with bulk receipts: those of the normal lane are judged meanwhile.
    """
    hanging = uuid4()
    await world.database.execute(
        "INSERT INTO router.listeners (router, lane, seen_at, progress)"
        " VALUES ($1, 'bulk', now(), now())",
        hanging,
    )
    held = await world.send(route=IMPATIENT, routing_key="message.send.bulk")
    await _accepted(world, held)
    judged = await world.send(route=IMPATIENT)
    await _accepted(world, judged)
    assert await world.heard("fallback", judged)
    assert not world.events_of("fallback", held)
    await world.database.execute("DELETE FROM router.listeners WHERE router = $1", hanging)
    assert await world.heard("fallback", held)


async def test_a_router_that_never_comes_back_lapses(world: World) -> None:
    """The row of a killed router is dropped once others have handled what it held."""
    gone = uuid4()
    await world.database.execute(
        "INSERT INTO router.listeners (router, lane, seen_at, progress)"
        " VALUES ($1, 'normal', now() - interval '1 hour', now() - interval '1 hour')",
        gone,
    )
    await world.row(
        "SELECT NOT EXISTS (SELECT FROM router.listeners WHERE router = $1)",
        gone,
    )


async def test_a_router_that_stops_leaves_no_row(world: World, tmp_path: Path) -> None:
    """It has handled all that it was given: nobody needs to wait for it."""
    async with _another_router(world, world.rabbit.amqp_url, tmp_path) as router:
        pass
    assert await world.database.fetchval(ROWS, router) == 0


async def test_a_router_that_stops_behind_a_dead_link_holds_silence(
    world: World, tmp_path: Path
) -> None:
    """What the broker sent it and it never got goes to others once the broker notices."""
    async with linked(world.rabbit.amqp_url) as (link, url):
        async with _another_router(world, url, tmp_path) as router:
            link.hold()
        link.cut()  # the broker gives back at once what the router never got
        assert await world.database.fetchval(ROWS, router) == len(Lane)
    await world.database.execute("DELETE FROM router.listeners WHERE router = $1", router)


@asynccontextmanager
async def _another_router(world: World, amqp_url: str, folder: Path) -> AsyncIterator[UUID]:
    """Run one more router until its rows are there; give its id."""
    first = await world.row(NEW_ROUTER, [])
    [app] = build_routers(amqp_url, world.dsn, 1, folder)
    async with app.router.lifespan_context(app):
        yield await world.row(NEW_ROUTER, [first])


async def test_an_ingress_that_hangs_holds_what_webhooks_would_say(world: World) -> None:
    """While one of two ingresses hangs its webhooks do, too; what workers report is judged."""
    hanging = uuid4()
    await world.database.execute(
        "INSERT INTO router.ingresses (ingress, seen_at) VALUES ($1, now())", hanging
    )
    held = await world.send(route=IMPATIENT)
    await _accepted(world, held)
    judged = await world.send(route=STARTS_SOON)
    assert await world.heard("fallback", judged)
    assert not world.events_of("fallback", held)
    await world.report(Pulse(source="ingress", instance=hanging, leaving=True), key="pulse.normal")
    assert await world.heard("fallback", held)


async def test_a_router_that_begins_or_stops_hears_that_an_ingress_has_left(world: World) -> None:
    """Its last pulse is all that says so, and may be handled before any of the router's own."""
    leaving = uuid4()
    await world.database.execute(
        "INSERT INTO router.ingresses (ingress, seen_at, published_until)"
        " VALUES ($1, now(), now())",
        leaving,
    )
    database = Database(world.dsn, application_name="test")
    await database.start()
    drained = cast("BatchSubscriber", SimpleNamespace(losses=0, is_drained=True))
    gate = SilenceGate(
        cast("Connections", None), database, dict.fromkeys(Lane, drained), retry_gap=None
    )
    gate.take_pulses(Lane.NORMAL, [Pulse(source="ingress", instance=leaving, leaving=True)])
    await gate.leave()
    await database.stop()
    has_left = "SELECT has_left FROM router.ingresses WHERE ingress = $1"
    assert await world.database.fetchval(has_left, leaving)


async def test_a_lane_s_receipts_come_through_its_own_queue(world: World) -> None:
    """A report of an urgent message is handled though it names no queue but its lane's."""
    key = await world.send(route=IMPATIENT, routing_key="message.send.urgent")
    work = await world.work("whatsapp", key)
    assert work.lane is Lane.URGENT
    assert work.tag == f"{work.attempt_id}.u"
    await world.report(receipt(work, Status.DELIVERED), key="attempt.whatsapp.urgent")
    assert await world.heard("delivered", key)


async def test_every_lane_of_a_router_has_a_row(world: World) -> None:
    """Others can see how far each router is, a lane at a time."""
    rows = await world.row(
        "SELECT array_agg(DISTINCT router) FROM router.listeners WHERE progress IS NOT NULL"
        " GROUP BY router HAVING count(*) = 3 LIMIT 1"
    )
    assert all(isinstance(row, UUID) for row in rows)
