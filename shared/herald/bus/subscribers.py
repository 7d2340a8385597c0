"""A FastStream subscriber that hands batches to its handler: the batch subscriber.

It replaces FastStream's consuming, so FastStream's own acknowledging, metrics and logging do not
run, and no handler runs in aiormq's tasks, which are cancelled whenever a channel drops.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog
from faststream.rabbit import RabbitExchange, RabbitQueue
from prometheus_client import REGISTRY, CollectorRegistry
from pydantic import BaseModel

from herald.bus.batches import BatchLoop, Handler, Settle
from herald.bus.brokers import Broker
from herald.bus.buffers import Count, Group
from herald.bus.channels import WiredChannel
from herald.bus.consumers import Consumer
from herald.bus.deliveries import ReceivingChannel, delivery_from
from herald.bus.library_internals import RegisteredSubscriber
from herald.bus.supervision import SupervisedLoop, cancelled
from herald.bus.wire.properties import Properties
from herald.bus.wire.receiving import Envelope
from herald.contracts.commands import MAX_COMMAND_BYTES

_ARRIVAL_SECONDS = 0.05  # for deliveries whose tasks have yet to run when the consumer is cancelled
_POLL_SECONDS = 0.02
_TAKING_IN_SECONDS = 0.2  # a quorum queue forgets settlements it has yet to take in at a close

_log = structlog.get_logger(__name__)


class BatchSubscriber(RegisteredSubscriber):
    """One queue, one AMQP channel, one loop. Made by `subscribe_batches`, run by its broker."""

    def __init__(
        self,
        broker: Broker,
        queue: RabbitQueue,
        exchange: RabbitExchange,
        batches: BatchLoop,
        *,
        models: Sequence[type[BaseModel]],
        title: str,
        description: str,
        prefetch: int,
        largest: int,
    ) -> None:
        super().__init__(
            broker, queue, exchange, models=models, title=title, description=description
        )
        self._batches = batches
        self._consumer = Consumer(
            broker.keeper,
            queue.name,
            self._receive,
            prefetch=prefetch,
            largest=largest,
            unsettled=lambda: self.unsettled,
            call_timeout_seconds=broker.call_timeout_seconds,
        )
        self._receiving: ReceivingChannel | None = None
        self._loop = SupervisedLoop(batches)
        self._consuming: asyncio.Task[None] | None = None
        self.is_drained = False  # stopped, with all that it was sent settled, or counted as a loss
        self._paused = False  # what was asked for
        self._given_back = True  # what is: nothing received is kept, and nothing is consumed
        self._changing = asyncio.Lock()  # between consuming and paused
        self._change: asyncio.Task[None] | None = None

    @property
    def buffered(self) -> int:
        """Deliveries received and not yet handled, the batch in hand included."""
        return self._batches.buffered

    @property
    def prefetch(self) -> int:
        """How many messages it may hold at this moment; it follows their sizes."""
        return self._consumer.prefetch

    @property
    def unsettled(self) -> int:
        """Deliveries received and not settled."""
        receiving = self._receiving
        return receiving.unsettled if receiving is not None and receiving.is_open else 0

    @property
    def healthy(self) -> bool:
        """It consumes, and its handler works."""
        return self.problem is None

    @property
    def problem(self) -> str | None:
        """What is wrong, for readiness; None when all is well."""
        if self._paused:
            return f"{self._batches.queue} is paused"
        return self._loop.problem or self._consumer.problem or self._batches.problem

    @property
    def losses(self) -> int:
        """How often its consumer or channel was lost or given back.

        Whenever it has grown, deliveries may have returned to the queue.
        """
        return self._consumer.losses

    async def start(self) -> None:
        """Begin consuming. Returns at once: a queue that is missing is awaited, not an error."""
        if self.running:
            return
        self.is_drained = False
        if not self._paused and not self._changing.locked():
            self._begin()
        self.running = True

    async def stop(self) -> None:
        """Cancel the consumer, hand over what was received, then end.

        Bounded by the broker's graceful timeout. What is left then returns to the queue when the
        connection closes, with its delivery count one up.
        """
        if not self.running:
            return
        self.running = False
        deadline = time.monotonic() + self.graceful_timeout_seconds
        await cancelled(self._consuming)
        is_cancelled = await self._consumer.cancel()
        await asyncio.sleep(_ARRIVAL_SECONDS)
        await self._loop.drain(max(0.0, deadline - time.monotonic()))
        await self._wait_until_settled(deadline)
        if self._change is not None:
            await asyncio.wait([self._change], timeout=max(0.0, deadline - time.monotonic()))
        await self._loop.end()
        holds_something = self.buffered or self.unsettled
        self.is_drained = is_cancelled and not holds_something and self._consumer.release()
        _log.info("bus.consumer_stopped", queue=self._batches.queue, left=self.buffered)

    async def pause(self) -> None:
        """Give every delivery that is not settled back to the queue, and consume no more.

        A handler in progress is cancelled, and nothing it holds can be settled from then on. What
        returns has its delivery count one up. Returns when the broker has it back, or can't be
        reached: then it takes everything back by itself. Safe to repeat.
        """
        self._paused = True
        await self._follow()

    async def resume(self) -> None:
        """Consume again after a pause. Returns at once, but for a pause in progress."""
        self._paused = False
        await self._follow()

    async def _follow(self) -> None:
        """Do as the last call of `pause` or `resume` says, even if this call is cancelled."""
        self._change = asyncio.create_task(self._do_change(), name="pause or resume")
        await asyncio.wait([self._change])

    async def _do_change(self) -> None:
        async with self._changing:
            if self._paused and not self._given_back:
                await self._give_back()
            elif not self._paused and self.running and self._given_back:
                self._begin()
                _log.info("bus.resumed", queue=self._batches.queue)

    def _begin(self) -> None:
        self._given_back = False
        self._loop.start()
        name = f"consumer of {self._batches.queue}"
        self._consuming = asyncio.create_task(self._consumer.run(), name=name)

    async def _give_back(self) -> None:
        self._given_back = True
        left = self.buffered
        self._loop.abandon()
        if self._receiving is not None:
            self._receiving.given_back = True
        await cancelled(self._consuming)
        await self._consumer.give_back(self._settlements_taken_in)
        _log.warning("bus.paused", queue=self._batches.queue, given_back=left)

    def _receive(
        self, channel: WiredChannel, envelope: Envelope, properties: Properties, body: bytes
    ) -> None:
        """Take one delivery in, as it is read from the socket: it is only stored."""
        if self._given_back or channel.is_closed:
            return  # it returns to the queue
        if self._receiving is None or self._receiving.channel is not channel:
            self._receiving = ReceivingChannel(channel)
        elif self._receiving.given_back:
            return
        delivery = delivery_from(envelope, properties, body, self._receiving)
        self._receiving.outstanding[delivery.tag] = None
        self._consumer.note(len(body))
        self._batches.receive(delivery)

    async def _wait_until_settled(self, deadline: float) -> None:
        """Wait for what the handler settles by itself, then for the broker to take it in."""
        receiving = self._receiving
        if receiving is None:
            return
        left = self._batches.left  # nobody settles them
        while receiving.unsettled > left and receiving.is_open and time.monotonic() < deadline:  # noqa: ASYNC110  once a process
            await asyncio.sleep(_POLL_SECONDS)
        if receiving.is_open:
            await self._settlements_taken_in()

    async def _settlements_taken_in(self) -> None:
        """Wait until the broker has taken in what was settled so far."""
        if self._receiving is not None:
            await self._receiving.flush()
            await asyncio.sleep(_TAKING_IN_SECONDS)


def subscribe_batches(
    broker: Broker,
    queue: RabbitQueue,
    handler: Handler,
    *,
    prefetch: int,
    max_batch: int,
    payload_models: Sequence[type[BaseModel]],
    title: str,
    description: str,
    exchange: RabbitExchange | None = None,
    largest: int = MAX_COMMAND_BYTES,
    settle: Settle = "batch",
    group: Group | None = None,
    count: Count | None = None,
    registry: CollectorRegistry = REGISTRY,
) -> BatchSubscriber:
    """Subscribe a handler to a queue, in batches of whatever is waiting, `max_batch` at most.

    The broker starts and stops it with its other subscribers. `prefetch` bounds what is received
    and not settled, and so do bytes: see `herald.bus.byte_budget`; `largest` is how many a message
    may have, until some have come. `settle="batch"`: settled when the handler returns;
    `settle="single"`: the handler settles each delivery itself, later. `group` names whose turn a
    delivery is taken in, `count` how many of `max_batch` it is. `payload_models`, `title`,
    `description` and `exchange` are what AsyncAPI shows.
    """
    batches = BatchLoop(
        queue.name,
        handler,
        max_batch=max_batch,
        settle=settle,
        group=group,
        count=count,
        registry=registry,
    )
    return BatchSubscriber(
        broker,
        queue,
        exchange or RabbitExchange(),
        batches,
        models=payload_models,
        title=title,
        description=description,
        prefetch=prefetch,
        largest=largest,
    )
