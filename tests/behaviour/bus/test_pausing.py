"""Pausing a subscriber: what it holds goes to others at once, and nothing twice."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from behaviour.bus.collecting import Collector, Payload, Subscribe, bodies
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.batches import Handler
from herald.bus.connections import Connections
from herald.bus.deliveries import Delivery
from herald.bus.entities import existing_queue
from herald.bus.subscribers import BatchSubscriber, subscribe_batches
from herald.contracts import topology


@asynccontextmanager
async def other_service(
    rabbit: Rabbit, work: WorkQueue, handler: Handler
) -> AsyncIterator[BatchSubscriber]:
    """Consume the queue from another connection, as another replica does."""
    registry = CollectorRegistry()
    service = Connections(
        rabbit.amqp_url, app_id=f"other-{uuid.uuid4().hex[:8]}", registry=registry
    )
    subscriber = subscribe_batches(
        service.consuming,
        existing_queue(work.queue, work.key),
        handler,
        prefetch=50,
        max_batch=10,
        payload_models=[Payload],
        title=work.queue,
        description="A test's queue.",
        registry=registry,
    )
    await service.start()
    await until(lambda: service.is_connected)
    try:
        yield subscriber
    finally:
        await service.stop()


async def test_others_get_what_a_paused_subscriber_held(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A handler that hangs is cancelled, and within two seconds another has every message."""
    hanging, other = Collector(), Collector()
    hanging.may_go.clear()
    paused = await subscribe(hanging)
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(40))
    await until(lambda: paused.buffered == 40)
    async with other_service(rabbit, work, other) as subscriber:
        await until(lambda: subscriber.healthy)
        before = paused.losses
        started = time.monotonic()
        await paused.pause()
        await until(lambda: len(other.bodies) == 40)
        assert time.monotonic() - started < 2
        await until(lambda: subscriber.buffered == 0)
    assert sorted(other.bodies, key=int) == [str(i) for i in range(40)]
    assert "paused" in str(paused.problem)
    assert paused.buffered == 0
    assert paused.losses == before + 1
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_a_paused_subscriber_gets_nothing_until_it_is_resumed(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """While paused messages stay in the queue; resumed, it handles each of them once."""
    collect = Collector()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.healthy)
    await subscriber.pause()
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(20))
    assert await rabbit.ready(work.queue) == 20
    assert collect.bodies == []
    await subscriber.resume()
    await until(lambda: len(collect.bodies) == 20)
    await until(lambda: subscriber.healthy and subscriber.buffered == 0)
    assert collect.bodies == [str(i) for i in range(20)]
    await subscriber.stop()
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_what_was_given_back_can_not_be_settled(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A handler that outlives a pause settles nothing; what it settled before stays settled."""
    held: list[Delivery] = []

    async def hold(batch: Sequence[Delivery]) -> None:
        held.extend(batch)

    subscriber = await subscribe(hold, settle="single")
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(10))
    await until(lambda: len(held) == 10)
    assert [await delivery.ack() for delivery in held[:5]] == [True] * 5
    await subscriber.pause()
    assert [await delivery.ack() for delivery in held[5:7]] == [False] * 2
    assert [await delivery.dead_letter() for delivery in held[7:]] == [False] * 3
    assert [delivery.is_live for delivery in held[5:]] == [False] * 5
    left = await rabbit.drain(work.queue, expect=5)
    assert sorted(int(message.body) for message in left) == list(range(5, 10))


async def test_a_handler_that_will_not_be_cancelled_holds_nothing_up(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Its messages return at once; resumed, the next batch waits until it has ended."""
    may_end = asyncio.Event()
    seen: list[list[str]] = []

    async def refuse(batch: Sequence[Delivery]) -> None:
        seen.append([d.body.decode() for d in batch])
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue

    subscriber = await subscribe(refuse)
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(3))
    await until(lambda: subscriber.buffered == 3)
    await subscriber.pause()
    assert await rabbit.ready(work.queue) == 3
    await subscriber.resume()
    await until(lambda: subscriber.buffered == 3)
    assert "waits for a handler" in str(subscriber.problem)
    assert len(seen) == 1
    may_end.set()
    await until(lambda: subscriber.healthy and subscriber.buffered == 0)
    assert sorted(body for batch in seen[1:] for body in batch) == ["0", "1", "2"]


async def test_the_last_call_counts(subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue) -> None:
    """Pauses and resumes that overlap end as the last one says; each may be repeated."""
    collect = Collector()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.healthy)
    await asyncio.gather(subscriber.pause(), subscriber.pause(), subscriber.resume())
    await until(lambda: subscriber.healthy)
    await asyncio.gather(subscriber.resume(), subscriber.pause())
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(2))
    assert await rabbit.ready(work.queue) == 2
    await asyncio.gather(subscriber.pause(), subscriber.resume(), subscriber.resume())
    await until(lambda: sorted(collect.bodies) == ["0", "1"] and subscriber.healthy)


async def test_a_pause_outlives_a_lost_connection(
    subscribe: Subscribe, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A subscriber that is paused stays so when its connection comes back."""
    collect = Collector()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.healthy)
    await subscriber.pause()
    keeper = connections.consuming.keeper
    lost = keeper.connection
    await rabbit.close_connections(f"{connections.consuming.app_id} consuming")
    await until(lambda: keeper.connection not in {lost, None})
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(2))
    assert await rabbit.ready(work.queue) == 2
    await subscriber.resume()
    await until(lambda: sorted(collect.bodies) == ["0", "1"] and subscriber.healthy)


async def test_a_lost_connection_is_a_loss(
    subscribe: Subscribe, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """The counter grows by one whenever deliveries may have returned to the queue."""
    collect = Collector()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.healthy)
    assert subscriber.losses == 0
    await rabbit.close_connections(f"{connections.consuming.app_id} consuming")
    await until(lambda: subscriber.losses == 1)
    await until(lambda: subscriber.healthy)
    assert subscriber.losses == 1


async def test_stopping_ends_a_pause_in_progress(
    subscribe: Subscribe, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Stopped while it gives back, a subscriber ends soon and loses nothing."""
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect)
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(5))
    await until(lambda: subscriber.buffered == 5)
    # a stop that waits for what was given back takes as long
    subscriber.graceful_timeout_seconds = connections._graceful_seconds = 60
    async with asyncio.timeout(30):
        await asyncio.gather(subscriber.pause(), connections.stop(), subscriber.pause())
    await subscriber.resume()
    assert len(await rabbit.drain(work.queue, expect=5)) == 5
