"""What a consumer holds is bounded in bytes, on a real broker."""

from __future__ import annotations

from collections.abc import Sequence

from behaviour.bus.collecting import Subscribe
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.byte_budget import BUDGET_BYTES, MAX_BATCH_BYTES
from herald.bus.deliveries import Delivery
from herald.bus.subscribers import BatchSubscriber
from herald.contracts import topology

LARGE = 216 * 1024


class Weighing:
    """A handler that keeps how many its subscriber held, and how much each batch."""

    def __init__(self) -> None:
        self.subscriber: BatchSubscriber | None = None
        self.most_held = 0
        self.largest_batch = 0
        self.bodies: list[int] = []
        self.redelivered = 0

    async def __call__(self, batch: Sequence[Delivery]) -> None:
        assert self.subscriber is not None
        self.most_held = max(self.most_held, self.subscriber.unsettled)
        self.largest_batch = max(self.largest_batch, sum(len(d.body) for d in batch))
        self.bodies += [int(d.body) for d in batch]
        self.redelivered += sum(d.redelivered for d in batch)


def padded(numbers: range, size: int) -> list[bytes]:
    return [str(number).encode().rjust(size) for number in numbers]


async def consume(subscribe: Subscribe, handler: Weighing) -> BatchSubscriber:
    """Consume as the router does, with room for many small messages."""

    async def handle(batch: Sequence[Delivery]) -> None:
        handler.subscriber = subscriber
        await handler(batch)

    subscriber = await subscribe(handle, prefetch=400, max_batch=200)
    return subscriber


async def test_many_large_messages_are_held_a_few_at_a_time(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Hundreds of large commands never exceed the budget, nor a batch its own; all are handled."""
    await rabbit.fill(topology.OUTBOUND, work.key, padded(range(400), LARGE))
    weighing = Weighing()
    subscriber = await consume(subscribe, weighing)
    await until(lambda: len(weighing.bodies) == 400, within_seconds=30)
    assert weighing.bodies == list(range(400))
    assert weighing.most_held * LARGE <= BUDGET_BYTES
    assert weighing.largest_batch <= MAX_BATCH_BYTES
    assert weighing.redelivered == 0
    assert subscriber.healthy


async def test_the_prefetch_follows_the_sizes(
    subscribe: Subscribe, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Small messages open it, large ones close it again; nothing is lost or handled twice."""
    weighing = Weighing()
    subscriber = await consume(subscribe, weighing)
    await until(lambda: subscriber.healthy)
    await rabbit.fill(topology.OUTBOUND, work.key, padded(range(500), 10))
    await until(lambda: len(weighing.bodies) == 500 and subscriber.prefetch == 400)
    changes = subscriber.losses
    await rabbit.fill(topology.OUTBOUND, work.key, padded(range(500, 600), LARGE))
    await until(lambda: len(weighing.bodies) == 600 and subscriber.prefetch < 200)
    await rabbit.fill(topology.OUTBOUND, work.key, padded(range(600, 1000), 10))
    await until(lambda: len(weighing.bodies) == 1000 and subscriber.prefetch == 400)
    assert sorted(weighing.bodies) == list(range(1000))
    assert changes == 1
    assert subscriber.losses <= 7  # halved three times at most, and doubled as often
    assert weighing.redelivered <= 10  # what the queue had only just sent at a change
    await until(lambda: subscriber.healthy)
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []
