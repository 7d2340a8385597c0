"""Links that went dead: nothing comes and nothing is closed, until heartbeats end the connection.

The client library cancels whatever waits on such a connection, as if its caller had been cancelled.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from behaviour.bus.collecting import Collector, Payload
from behaviour.bus.link import Link, linked
from behaviour.bus.publishing import publish_confirmed
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.batches import Handler
from herald.bus.connections import Connections
from herald.bus.entities import existing_queue
from herald.bus.errors import UnavailableError
from herald.bus.subscribers import BatchSubscriber, subscribe_batches
from herald.contracts import topology

PATIENCE_SECONDS = 30


@asynccontextmanager
async def linked_service(
    rabbit: Rabbit, registry: CollectorRegistry
) -> AsyncIterator[tuple[Link, Connections]]:
    """Give a service's connections through a link; they end it when it is dead for seconds."""
    async with linked(rabbit.amqp_url) as (link, url):
        service = Connections(
            f"{url}?heartbeat=1", app_id=f"dead-{uuid.uuid4().hex[:8]}", registry=registry
        )
        yield link, service
        link.release()
        await service.stop()


def subscribed(
    service: Connections, queue: str, key: str, handler: Handler, registry: CollectorRegistry
) -> BatchSubscriber:
    return subscribe_batches(
        service.consuming,
        existing_queue(queue, key),
        handler,
        prefetch=10,
        max_batch=10,
        payload_models=[Payload],
        title=queue,
        description="A test's queue.",
        registry=registry,
    )


async def test_dead_link_never_cancels_the_caller(
    rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """When heartbeats end a dead link the publish fails; no CancelledError leaks to its caller."""
    async with linked_service(rabbit, registry) as (link, service):
        await service.start()
        await until(lambda: service.is_connected)
        link.hold()
        with pytest.raises(UnavailableError):
            await publish_confirmed(service.publisher, work.message("d"), timeout_seconds=60)


async def test_dead_link_ends_no_consumer(
    rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """A consumer that was about to begin when its link went dead consumes once it is back."""
    missing, key = f"{work.queue}.late", f"{work.key}.late"
    async with linked_service(rabbit, registry) as (link, service):
        collect = Collector()
        subscriber = subscribed(service, missing, key, collect, registry)
        await service.start()
        await until(lambda: service.is_connected)
        link.hold()
        await until(
            lambda: service.consuming.keeper.connection is None, within_seconds=PATIENCE_SECONDS
        )
        link.release()
        async with rabbit.channel() as channel:
            queue = await channel.declare_queue(missing, durable=True)
            await queue.bind(topology.OUTBOUND, key)
        await rabbit.fill(topology.OUTBOUND, key, [b"1"])
        await until(lambda: collect.bodies == ["1"], within_seconds=PATIENCE_SECONDS)
        await until(lambda: subscriber.healthy)  # its answer may come after the first delivery


async def test_a_stop_behind_a_dead_link_drains_nothing(
    rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """What was sent and never came returns to the queue; a close after a clean stop is no loss."""
    for is_dead in (False, True):
        async with linked(rabbit.amqp_url) as (link, url):
            name = f"dead-{uuid.uuid4().hex[:8]}"
            service = Connections(url, app_id=name, call_timeout_seconds=0.5, registry=registry)
            subscriber = subscribed(service, work.queue, work.key, Collector(), registry)
            await service.start()
            await until(lambda: subscriber.healthy)  # noqa: B023  waited for at once
            if is_dead:
                link.hold()
            await service.stop()
            assert subscriber.is_drained is not is_dead
            assert is_dead or not subscriber.losses


async def test_a_connection_lost_while_consumers_are_set_up_comes_back(
    rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """Consumers that wait for an answer when their link breaks consume on the next connection."""
    async with linked(rabbit.amqp_url) as (link, url):
        service = Connections(
            url, app_id=f"dead-{uuid.uuid4().hex[:8]}", call_timeout_seconds=0.5, registry=registry
        )
        collect = Collector()
        subscribers = [
            subscribed(service, work.queue, work.key, collect, registry) for _ in range(4)
        ]
        await service.start()
        await until(lambda: service.is_connected)
        await until(lambda: all(one.healthy for one in subscribers))
        link.hold()
        await asyncio.gather(*(one.pause() for one in subscribers))
        await asyncio.gather(*(one.resume() for one in subscribers))
        link.cut()
        link.release()
        link.mend()
        await until(lambda: service.is_connected, within_seconds=PATIENCE_SECONDS)
        await until(
            lambda: all(one.healthy for one in subscribers), within_seconds=PATIENCE_SECONDS
        )
        await rabbit.fill(topology.OUTBOUND, work.key, [b"1"])
        await until(lambda: collect.bodies == ["1"])
        await service.stop()
