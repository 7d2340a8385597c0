"""The batch subscriber on a real broker: what it survives, and how it stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from behaviour.bus.collecting import Collector, Subscribe, bodies
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.connections import Connections
from herald.bus.declaration import apply
from herald.bus.deliveries import Delivery, settle
from herald.contracts import topology


async def test_lost_connection_loses_nothing_and_acks_nothing_unworked(
    subscribe: Subscribe,
    connections: Connections,
    rabbit: Rabbit,
    work: WorkQueue,
    registry: CollectorRegistry,
) -> None:
    """After a lost connection what was not settled is redelivered, once, and all is handled."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(100))
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect, prefetch=40, max_batch=20)
    await until(lambda: subscriber.buffered == 40)
    held = set(collect.bodies)
    await rabbit.close_connections(f"{connections.consuming.app_id} consuming")
    await until(lambda: not collect.deliveries[0].is_live)
    collect.may_go.set()  # the handler ends after its channel: its tags must not be acked anywhere
    await until(lambda: subscriber.healthy)
    await until(lambda: set(collect.bodies) == {str(i) for i in range(100)})
    again = [d for d in collect.deliveries if d.redelivered]
    assert held <= {d.body.decode() for d in again}
    assert len(collect.bodies) <= 100 + 40
    assert {d.delivery_count for d in again} == {1}
    counted = registry.get_sample_value("herald_redeliveries_total", {"queue": work.queue})
    assert counted == len(again)
    await until(lambda: subscriber.buffered == 0)
    await subscriber.stop()
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_prefetch_is_restored_after_a_lost_connection(
    subscribe: Subscribe, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A consumer that came back is given no more than its prefetch."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(40))
    collect = Collector()
    subscriber = await subscribe(collect, prefetch=6, settle="single")
    await until(lambda: len(collect.deliveries) == 6)
    await rabbit.close_connections(f"{connections.consuming.app_id} consuming")
    await until(lambda: len(collect.deliveries) == 12 and subscriber.healthy)
    assert await rabbit.ready(work.queue) == 34
    assert sum(d.is_live for d in collect.deliveries) == 6
    assert await settle(collect.deliveries) == 6


async def test_retry_drops_deliveries_that_will_come_again(
    subscribe: Subscribe, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A batch being retried when its channel is lost is given up for its redelivery."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(3))
    tries: list[list[Delivery]] = []
    broken = True

    async def fail(batch: Sequence[Delivery]) -> None:
        tries.append(list(batch))
        if broken:
            raise RuntimeError

    subscriber = await subscribe(fail)
    await until(lambda: len(tries) >= 2)
    await rabbit.close_connections(f"{connections.consuming.app_id} consuming")
    await until(lambda: tries[-1][0].redelivered)
    assert all(d.is_live for d in tries[-1])
    broken = False
    await until(lambda: subscriber.healthy and subscriber.buffered == 0)
    await subscriber.stop()
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_dead_loop_is_restarted_with_the_batch_it_held(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """When the loop itself dies readiness says so, and its successor takes up its batch."""
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.healthy)
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(3))
    await until(lambda: subscriber.buffered == 3)
    assert subscriber._loop._running is not None
    subscriber._loop._running.cancel()
    await until(lambda: "not running" in str(subscriber.problem))
    collect.may_go.set()
    await until(lambda: subscriber.healthy and subscriber.buffered == 0)
    assert {"0", "1", "2"} == set(collect.bodies)
    await subscriber.stop()
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_stop_drains_what_was_received_and_leaves_the_rest_untouched(
    subscribe: Subscribe, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Stopping hands over the buffer; what never arrived keeps a delivery count of 0."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(300))
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect, prefetch=60, max_batch=10)
    await until(lambda: subscriber.buffered == 60)
    stopping = asyncio.create_task(connections.stop())
    # what is acknowledged before the consumer has ended makes room for more, which the queue may
    # send and take back again
    await until(lambda: subscriber._batches._closing)
    collect.may_go.set()
    await stopping
    handled = len(collect.bodies)
    assert handled >= 60
    left = await rabbit.drain(work.queue)
    assert sorted(int(m.body) for m in left) == list(range(handled, 300))
    assert {(m.redelivered, m.headers.get("x-delivery-count", 0)) for m in left} == {(False, 0)}


async def test_stop_waits_for_deliveries_settled_one_by_one(
    subscribe: Subscribe, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Stopping waits until work taken is settled, and its acks reach the broker."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(10))
    tasks: list[asyncio.Task[bool]] = []

    async def settle_later(delivery: Delivery) -> bool:
        await asyncio.sleep(0.5)
        return await delivery.ack()

    async def begin(batch: Sequence[Delivery]) -> None:
        tasks.extend(asyncio.create_task(settle_later(d)) for d in batch)

    await subscribe(begin, settle="single")
    await until(lambda: len(tasks) == 10)
    await connections.stop()
    assert [task.done() and task.result() for task in tasks] == [True] * 10
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_stop_is_bounded_when_a_handler_hangs(
    subscribe: Subscribe, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A handler that never ends is cut off after the graceful timeout; its batch is redelivered."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(2))
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.buffered == 2)
    started = time.monotonic()
    await connections.stop()
    assert 4.5 < time.monotonic() - started < 8
    assert len(await rabbit.drain(work.queue, expect=2)) == 2


async def test_missing_queue_is_awaited(
    subscribe: Subscribe, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Before the topology is applied a service waits, says so, and then consumes by itself."""
    await rabbit.delete_queue(work.queue)
    collect = Collector()
    subscriber = await subscribe(collect)
    await until(lambda: "no such queue: run `herald topology apply`" in str(subscriber.problem))
    assert connections.is_connected
    await apply(rabbit.amqp_url, topology.topology_for([work.channel]))
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(1))
    await until(lambda: collect.bodies == ["0"])
    await until(lambda: subscriber.healthy)


async def test_queue_deleted_under_the_consumer_is_consumed_again(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A consumer cancelled by the broker costs readiness and comes back with its queue."""
    collect = Collector()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.healthy)
    await rabbit.delete_queue(work.queue)
    await until(lambda: not subscriber.healthy)
    await apply(rabbit.amqp_url, topology.topology_for([work.channel]))
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(1))
    await until(lambda: collect.bodies == ["0"])
    await until(lambda: subscriber.healthy)


async def test_channel_closed_by_the_broker_comes_back(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A channel error ends the channel, not the consumer."""
    collect = Collector()
    subscriber = await subscribe(collect)
    await until(lambda: subscriber.healthy)
    underlay = subscriber._consumer._channel
    assert underlay is not None
    await underlay.basic_ack(4711)  # an unknown tag: 406
    await until(lambda: underlay.is_closed)
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(1))
    await until(lambda: collect.bodies == ["0"] and subscriber.healthy)
