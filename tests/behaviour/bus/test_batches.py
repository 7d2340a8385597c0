"""The batch subscriber on a real broker: what it hands over, settles, retries and survives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from behaviour.bus.collecting import Collector, Subscribe, bodies
from behaviour.bus.publishing import publish_confirmed
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.connections import Connections
from herald.bus.deliveries import Delivery, settle
from herald.contracts import topology


async def test_hands_over_whatever_waits(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """While one batch is handled the next gathers, never more than `max_batch`; all is acked."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(45))
    collect = Collector()
    collect.may_go.clear()
    subscriber = await subscribe(collect, max_batch=20)
    await until(lambda: subscriber.buffered == 45 and collect.batches)
    assert len(collect.batches) == 1
    first = len(collect.batches[0])
    collect.may_go.set()
    await until(lambda: len(collect.bodies) == 45)
    assert collect.bodies == [str(i) for i in range(45)]
    assert [len(b) for b in collect.batches[1:3]] == [20, min(20, 25 - first)]
    await until(lambda: subscriber.buffered == 0)
    await subscriber.stop()
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_delivery_tells_what_was_published(
    subscribe: Subscribe, connections: Connections, work: WorkQueue
) -> None:
    """A delivery carries the message's properties and where it came from."""
    collect = Collector()
    await subscribe(collect)
    await publish_confirmed(
        connections.publisher,
        work.message("id-7", body=b"{}", correlation_id="c-7", headers={"a": 1}),
    )
    await until(lambda: collect.deliveries)
    [delivery] = collect.deliveries
    assert (delivery.body, delivery.message_id, delivery.user_id) == (b"{}", "id-7", None)
    assert (delivery.exchange, delivery.routing_key) == (topology.OUTBOUND, work.key)
    assert (delivery.correlation_id, delivery.headers["a"]) == ("c-7", 1)
    assert (delivery.redelivered, delivery.delivery_count) == (False, 0)
    assert delivery.published_at is not None
    assert abs(delivery.published_at - time.time()) < 5


async def test_rejected_deliveries_are_dead_lettered_alone(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """What the handler marks goes to `herald.dead` under the queue's name; the rest is acked."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(30))
    seen: list[int] = []

    async def reject_every_third(batch: Sequence[Delivery]) -> None:
        for delivery in batch:
            seen.append(int(delivery.body))
            if int(delivery.body) % 3 == 0:
                delivery.reject()

    subscriber = await subscribe(reject_every_third)
    await until(lambda: len(seen) == 30 and subscriber.buffered == 0)
    dead = await rabbit.drain(topology.DEAD_QUEUE, expect=10)
    assert sorted(int(m.body) for m in dead) == list(range(0, 30, 3))
    assert {m.routing_key for m in dead} == {work.queue}
    await subscriber.stop()
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []
    assert len(seen) == 30


async def test_failing_handler_gets_the_same_batch_again_in_place(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A handler that raises keeps its batch, burns no delivery count, and costs readiness."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(5))
    tries: list[list[tuple[str, int, bool]]] = []
    problems: list[str | None] = []
    broken = True

    async def fail_at_first(batch: Sequence[Delivery]) -> None:
        tries.append([(d.body.decode(), d.delivery_count, d.redelivered) for d in batch])
        problems.append(subscriber.problem)
        batch[0].reject()  # forgotten: the try failed
        if broken:
            raise RuntimeError("secret content")
        for delivery in batch:
            delivery.rejected = False

    subscriber = await subscribe(fail_at_first)
    await until(lambda: len(tries) >= 3)
    assert tries[0] == tries[1] == tries[2]
    assert all(count == 0 and not redelivered for _, count, redelivered in tries[2])
    assert not subscriber.healthy
    assert "RuntimeError" in str(subscriber.problem)
    assert "secret" not in str(subscriber.problem)
    broken = False
    await until(lambda: subscriber.healthy and subscriber.buffered == 0)
    await subscriber.stop()
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_leaked_cancellation_is_a_failure_like_any_other(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A CancelledError that a library leaks into the handler neither ends the loop nor acks."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(1))
    tries = 0

    async def leak_once(_batch: Sequence[Delivery]) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise asyncio.CancelledError

    subscriber = await subscribe(leak_once)
    await until(lambda: tries == 2 and subscriber.healthy and subscriber.buffered == 0)


async def test_single_settling_goes_on_while_deliveries_are_in_work(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Settled one by one, later batches come before earlier ones are settled, up to prefetch."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(20))
    collect = Collector()
    subscriber = await subscribe(collect, prefetch=8, max_batch=3, settle="single")
    await until(lambda: len(collect.deliveries) == 8)
    assert await rabbit.ready(work.queue) == 12
    assert len(collect.deliveries) == 8
    assert await collect.deliveries[5].ack()
    assert await collect.deliveries[2].dead_letter()
    await until(lambda: len(collect.deliveries) == 10)
    assert await settle(collect.deliveries) == 8
    await until(lambda: len(collect.deliveries) == 18)
    assert await settle(collect.deliveries) == 8
    await until(lambda: len(collect.deliveries) == 20)
    await settle(collect.deliveries)
    await subscriber.stop()
    assert collect.bodies == [str(i) for i in range(20)]
    [dead] = await rabbit.drain(topology.DEAD_QUEUE, expect=1)
    assert dead.body == b"2"
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []


async def test_settling_twice_is_harmless(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A delivery settled again sends nothing: an unknown tag would close the channel."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(2))
    collect = Collector()
    subscriber = await subscribe(collect, settle="single")
    await until(lambda: len(collect.deliveries) == 2)
    assert await collect.deliveries[0].ack()
    assert not await collect.deliveries[0].ack()
    assert not await collect.deliveries[0].dead_letter()
    assert await collect.deliveries[1].ack()
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(1))  # on the same channel, after those
    await until(lambda: len(collect.deliveries) == 3)
    assert (subscriber.healthy, subscriber.losses) == (True, 0)


async def test_batches_are_measured(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """Sizes, durations and results are counted under the queue's name."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(4))

    async def reject_first(batch: Sequence[Delivery]) -> None:
        for delivery in batch:
            if delivery.body == b"0":
                delivery.reject()

    subscriber = await subscribe(reject_first)
    queue = {"queue": work.queue}
    value = registry.get_sample_value
    await until(lambda: value("herald_deliveries_total", queue | {"result": "acked"}) == 3)
    assert value("herald_deliveries_total", queue | {"result": "rejected"}) == 1
    assert value("herald_batch_size_sum", queue) == 4
    await until(lambda: subscriber.buffered == 0)
    assert value("herald_batch_seconds_count", queue) == value("herald_batch_size_count", queue)
