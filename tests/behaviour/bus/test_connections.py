"""A service's connections against a broker that is away, late, or lost."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.typing import EventDict
from yarl import URL

from behaviour.bus.link import linked
from behaviour.bus.publishing import publish_confirmed
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.channels import open_channel
from herald.bus.connections import Connections

APP = "service-under-test"


async def _closed_port() -> int:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_service_starts_without_a_broker_and_connects_when_it_comes(
    rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """Starting returns at once, readiness says what is missing, and a late broker is found."""
    port = await _closed_port()
    service = Connections(str(URL(rabbit.amqp_url).with_port(port)), app_id=APP, registry=registry)
    started = time.monotonic()
    await service.start()
    assert time.monotonic() - started < 0.1
    assert service.problem == "the publishing connection is down"
    async with linked(rabbit.amqp_url, port=port):
        await until(lambda: service.is_connected)
        await publish_confirmed(service.publisher, work.message("late"))
        await service.stop()
    assert len(await rabbit.drain(work.queue, expect=1)) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"password": "wrong"}, "refuses the user or its password"),
        ({"path": "/nowhere"}, "has no such virtual host, or the user may not enter it"),
        ({"port": 9}, "can't be reached (AMQPConnectionError): is it running?"),
    ],
    ids=["password", "virtual host", "port"],
)
async def test_readiness_says_why_there_is_no_connection(
    rabbit: Rabbit, registry: CollectorRegistry, changes: dict[str, Any], reason: str
) -> None:
    """The server is named, and what it says; the log has the same once for each connection."""
    url = URL(rabbit.amqp_url)
    for name, value in changes.items():
        url = getattr(url, f"with_{name}")(value)
    service = Connections(str(url), app_id=APP, registry=registry)
    with structlog.testing.capture_logs() as lines:
        await service.start()
        await until(lambda: len(_not_connected(lines)) == 2)
        await asyncio.sleep(0.3)
        problem = service.problem
        await service.stop()
    assert problem is not None
    assert problem.startswith("the publishing connection is down: RabbitMQ at ")
    assert problem.endswith(reason)
    why = problem.partition(": ")[2]
    assert sorted(_not_connected(lines)) == [("consuming", why), ("publishing", why)]


def _not_connected(lines: list[EventDict]) -> list[tuple[str, str]]:
    """Return each connection that was said not to be up, with the reason."""
    return [
        (line["connection"], line["reason"])
        for line in lines
        if line["event"] == "bus.not_connected"
    ]


async def test_connections_are_made_at_once(registry: CollectorRegistry) -> None:
    """None waits for another to be up: each has been tried while none is."""
    url = f"amqp://127.0.0.1:{await _closed_port()}/"
    service = Connections(url, app_id=APP, events=True, registry=registry)
    await service.start()
    try:
        await until(lambda: all(broker.keeper.failure for _, broker in service.brokers))
        assert len(service.brokers) == 3
    finally:
        await service.stop()


async def test_stop_while_still_connecting_leaves_nothing_running(
    rabbit: Rabbit, registry: CollectorRegistry
) -> None:
    """A service stopped before its broker came ends at once and goes on trying nowhere."""
    before = asyncio.all_tasks()
    url = URL(rabbit.amqp_url).with_port(await _closed_port())
    service = Connections(str(url), app_id=APP, registry=registry)
    await service.start()
    await asyncio.sleep(0.3)
    started = time.monotonic()
    await service.stop()
    assert time.monotonic() - started < 2
    await asyncio.sleep(0.1)
    assert asyncio.all_tasks() == before


async def test_lost_connection_costs_readiness_until_it_is_back(
    connections: Connections, rabbit: Rabbit
) -> None:
    """Each connection is watched by itself, and comes back by itself."""
    await connections.start()
    await until(lambda: connections.is_connected)
    assert connections.is_connected
    seen: set[str | None] = set()

    async def watch() -> None:
        while True:
            seen.add(connections.problem)
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    app = connections.publishing.app_id
    await rabbit.close_connections(f"{app} publishing")
    await until(lambda: "the publishing connection is down" in seen)
    await rabbit.close_connections(f"{app} consuming")
    await until(lambda: "the consuming connection is down" in seen)
    await until(lambda: connections.is_connected)
    watching.cancel()


async def test_stop_on_a_dead_link_is_bounded(rabbit: Rabbit, registry: CollectorRegistry) -> None:
    """A service whose broker answers nothing any more still stops in time."""
    async with linked(rabbit.amqp_url) as (link, url):
        service = Connections(
            url,
            app_id=APP,
            graceful_timeout_seconds=1,
            close_timeout_seconds=1,
            registry=registry,
        )
        await service.start()
        await until(lambda: service.is_connected)
        link.hold()
        started = time.monotonic()
        await service.stop()
        assert time.monotonic() - started < 5


async def test_start_after_stop_works(
    connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Stopped connections can be started again."""
    for number in range(2):
        await connections.start()
        await until(lambda: connections.is_connected)
        await publish_confirmed(connections.publisher, work.message(f"r{number}"))
        await connections.stop()
        assert not connections.is_connected
    assert len(await rabbit.drain(work.queue, expect=2)) == 2


async def test_no_channel_makes_its_connection_wait(connections: Connections) -> None:
    """A flood on one channel can't hold up another's delivery: aiormq reads it without a bound."""
    await connections.start()
    channel = await open_channel(await connections.consuming.keeper.connected())
    assert channel.frames.maxsize == 0


async def test_ready_means_that_it_can_publish(
    rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """A connection comes back before its channels do; until then readiness says so."""
    async with linked(rabbit.amqp_url) as (link, url):
        service = Connections(url, app_id=APP, registry=registry)
        await service.start()
        await until(lambda: service.is_connected)
        for number in range(3):
            await publish_confirmed(service.publisher, work.message(f"n{number}"))
            link.cut()
            await until(lambda: not service.is_connected)
            link.mend()
            while not service.is_connected:  # noqa: ASYNC110  at the first moment
                await asyncio.sleep(0)
        await publish_confirmed(service.publisher, work.message("last"))
        await service.stop()
    assert len(await rabbit.drain(work.queue, expect=4)) == 4
