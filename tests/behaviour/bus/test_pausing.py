"""A consumer that gives back what it holds, for another one to take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from prometheus_client import CollectorRegistry

from behaviour.bus.collecting import Collector, Payload, Subscribe, bodies
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald import topology
from herald.bus.connections import Connections
from herald.bus.entities import existing_queue
from herald.bus.subscribers import subscribe_batches


@pytest_asyncio.fixture
async def rival(rabbit: Rabbit, work: WorkQueue) -> AsyncIterator[Collector]:
    """Give another service's handler on the same queue."""
    collect, registry = Collector(), CollectorRegistry()
    service = Connections(
        rabbit.amqp_url, app_id="rival", graceful_timeout_seconds=5, registry=registry
    )
    subscribe_batches(
        service.consuming,
        existing_queue(work.queue, work.key),
        collect,
        prefetch=50,
        max_batch=10,
        payload_models=[Payload],
        title=work.queue,
        description="A rival.",
        registry=registry,
    )
    await service.start()
    await service.wait_until_started()
    yield collect
    await service.stop()


async def test_a_paused_consumer_gives_back_what_hangs(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Though its handler hangs, everything it held waits in the queue within two seconds."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(30))
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.buffered == 30)
    await asyncio.wait_for(subscriber.pause(), 2)
    assert subscriber.buffered == 0
    assert subscriber.problem == f"{work.queue} is paused"
    assert len(await rabbit.drain(work.queue, expect=30)) == 30


async def test_another_consumer_takes_over(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue, rival: Collector
) -> None:
    """What one gives back, and all that comes while it is paused, the other gets."""
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.problem is None)
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(30))
    await until(lambda: len(rival.bodies) + subscriber.buffered == 30)
    await subscriber.pause()
    await rabbit.fill(topology.OUTBOUND, work.key, [b"later"])
    await until(lambda: len(rival.bodies) == 31)
    assert {*rival.bodies} == {*map(str, range(30)), "later"}


async def test_a_resumed_consumer_goes_on(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """After the pause it gets everything again, and settles it once."""
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect)
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(30))
    await until(lambda: subscriber.buffered == 30)
    await subscriber.pause()
    await subscriber.pause()
    collect.batches.clear()
    collect.may_go.set()
    await subscriber.resume()
    await subscriber.resume()
    await until(lambda: len(collect.bodies) == 30 and subscriber.buffered == 0)
    await subscriber.stop()
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_a_paused_consumer_can_be_stopped(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue, connections: Connections
) -> None:
    """A service that ends while it is paused ends at once and loses nothing."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(3))
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.buffered == 3)
    await subscriber.pause()
    await asyncio.wait_for(connections.stop(), 3)
    assert len(await rabbit.drain(work.queue, expect=3)) == 3


async def test_losses_are_counted_as_they_happen(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A pause and a lost connection each count once: what was held went back to the queue."""
    subscriber = await subscribe(Collector())
    await until(lambda: subscriber.problem is None)
    assert subscriber.losses == 0
    await subscriber.pause()
    assert subscriber.losses == 1
    await subscriber.resume()
    await until(lambda: subscriber.problem is None)
    assert subscriber.losses == 1
    await rabbit.close_connections("consuming")
    await until(lambda: subscriber.losses == 2)
