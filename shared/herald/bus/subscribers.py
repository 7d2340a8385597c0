"""A FastStream subscriber that hands batches to its handler: the batch subscriber.

Subclasses FastStream's internals (pinned; a contract test fails when they move) and replaces its
consuming, so FastStream's own acknowledging, metrics and logging do not run, and no handler runs
in aiormq's tasks, which are cancelled whenever a channel drops.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import aiormq
import structlog
from aiormq.abc import DeliveredMessage
from faststream._internal.broker.registrator import Registrator
from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.middlewares import AckPolicy
from faststream.rabbit import RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.subscriber.config import (
    RabbitSubscriberConfig,
    RabbitSubscriberSpecificationConfig,
)
from faststream.rabbit.subscriber.specification import RabbitSubscriberSpecification
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from faststream.specification.asyncapi.message import get_model_schema
from prometheus_client import REGISTRY, CollectorRegistry
from pydantic import BaseModel, create_model

from herald.bus.batches import BatchLoop, Handler, Settle, where
from herald.bus.consumers import Consumer
from herald.bus.deliveries import Source, delivery_from

_LOOP_RESTART_SECONDS = 0.5
_ARRIVAL_SECONDS = 0.05  # for deliveries whose tasks have yet to run when the consumer is cancelled
_POLL_SECONDS = 0.02
_TAKING_IN_SECONDS = 0.2  # a quorum queue forgets settlements it has yet to take in at a close
_CANCEL_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class BatchSubscriber(RabbitSubscriber):
    """One queue, one AMQP channel, one loop. Made by `subscribe_batches`, run by its broker."""

    def __init__(
        self,
        config: RabbitSubscriberConfig,
        specification: RabbitSubscriberSpecification,
        *,
        batches: BatchLoop,
        prefetch: int,
        stopping: asyncio.Event,
    ) -> None:
        super().__init__(config, specification, CallsCollection[Any]())
        self.stopping = stopping  # set when stopping begins; a handler may look at it
        self._batches = batches
        self._consumer = Consumer(
            config._outer_config,  # noqa: SLF001  where FastStream keeps it
            config.queue.name,
            self._receive,
            prefetch=prefetch,
        )
        self._source: Source | None = None
        self._looping: asyncio.Task[None] | None = None
        self._loop: asyncio.Task[None] | None = None
        self._consuming: asyncio.Task[None] | None = None
        self._is_paused = False

    @property
    def buffered(self) -> int:
        """Deliveries received and not yet handled, the batch in hand included."""
        return self._batches.buffered

    @property
    def newest_handled(self) -> datetime | None:
        """Publish time of the newest delivery handled so far (whole seconds)."""
        return self._batches.newest_handled

    @property
    def losses(self) -> int:
        """How often deliveries may have gone back to the queue: consumer lost, or given back."""
        return self._consumer.losses

    @property
    def healthy(self) -> bool:
        """It consumes, and its handler works."""
        return self.problem is None

    @property
    def problem(self) -> str | None:
        """What is wrong, for readiness; None when all is well."""
        if self._is_paused:
            return f"{self._batches.queue} is paused"
        if self._loop is None or self._loop.done():
            return f"the loop of {self._batches.queue} is not running"
        return self._consumer.problem or self._batches.problem

    async def count_ready(self) -> int | None:
        """Ask the broker how many messages wait in the queue; None when it can't be asked now."""
        return await self._consumer.count_ready()

    async def start(self) -> None:
        """Begin consuming. Returns at once: a queue that is missing is awaited, not an error."""
        if self.running:
            return
        self.stopping.clear()
        self._is_paused = False
        self._begin()
        self._post_start()

    def _begin(self) -> None:
        self._batches.reopen()
        queue = self._batches.queue
        self._looping = asyncio.create_task(self._keep_looping(), name=f"batches of {queue}")
        self._consuming = asyncio.create_task(self._consumer.run(), name=f"consumer of {queue}")

    async def pause(self) -> None:
        """Consume no more, and give back what is not settled: other consumers get it at once.

        A handler that runs is cancelled; what it still does is as if the delivery came twice.
        """
        if self._is_paused or not self.running:
            return
        self._is_paused = True
        await _cancelled(self._consuming)
        await self._consumer.cancel()
        await asyncio.sleep(_ARRIVAL_SECONDS)
        for task in (self._looping, self._loop):
            if task is not None:
                task.cancel()
        source, self._source = self._source, None
        if source is not None:
            await source.give_back()
        await _cancelled(self._looping)
        await _cancelled(self._loop)
        self._batches.drop_all()
        _log.info("bus.consumer_paused", queue=self._batches.queue)

    async def resume(self) -> None:
        """Consume again after a pause."""
        if self._is_paused and self.running:
            self._is_paused = False
            self._begin()

    async def stop(self) -> None:
        """Cancel the consumer, hand over what was received, then end.

        Bounded by the broker's graceful timeout. What is left then returns to the queue when the
        connection closes, with its delivery count one up.
        """
        if not self.running:
            return
        self.running = False
        self.stopping.set()
        deadline = time.monotonic() + (self._outer_config.graceful_timeout or 0.0)
        await _cancelled(self._consuming)
        await self._consumer.cancel()
        await asyncio.sleep(_ARRIVAL_SECONDS)
        self._batches.close()
        if self._looping is not None:
            await asyncio.wait([self._looping], timeout=max(0.0, deadline - time.monotonic()))
        await self._wait_until_settled(deadline)
        await _cancelled(self._looping)
        await _cancelled(self._loop)
        _log.info("bus.consumer_stopped", queue=self._batches.queue, left=self.buffered)

    async def _receive(self, message: DeliveredMessage) -> None:
        """Take one delivery in. Runs in a task of the channel's, so it only stores."""
        if self._source is None or self._source.channel is not message.channel:
            self._source = Source(cast("aiormq.Channel", message.channel))
        delivery = delivery_from(message, self._source)
        self._source.outstanding[delivery.tag] = None
        self._batches.receive(delivery)

    async def _keep_looping(self) -> None:
        """Run the loop, again if it dies; the next one goes on with the batch it held."""
        while True:
            self._loop = asyncio.create_task(self._batches.run())
            await asyncio.wait([self._loop])
            error = None if self._loop.cancelled() else self._loop.exception()
            if not self._loop.cancelled() and error is None:
                return
            _log.error(
                "bus.loop_died",
                queue=self._batches.queue,
                error=type(error).__name__,
                where="" if error is None else where(error),
            )
            await asyncio.sleep(_LOOP_RESTART_SECONDS)

    async def _wait_until_settled(self, deadline: float) -> None:
        """Wait for what the handler settles by itself, then for the broker to take it in."""
        source = self._source
        if source is None:
            return
        while source.unsettled and source.is_open and time.monotonic() < deadline:  # noqa: ASYNC110  once a process
            await asyncio.sleep(_POLL_SECONDS)
        if source.is_open:
            await source.flush()
            await asyncio.sleep(_TAKING_IN_SECONDS)


class _BatchSpecification(RabbitSubscriberSpecification):
    """Documents the payload of one message; FastStream would document a list of them."""

    __slots__ = ("models",)

    models: Sequence[type[BaseModel]]

    def get_payloads(self) -> list[tuple[dict[str, Any], str]]:
        return [(_schema(model), model.__name__) for model in self.models]


def subscribe_batches(
    broker: RabbitBroker,
    queue: RabbitQueue,
    handler: Handler,
    *,
    prefetch: int,
    max_batch: int,
    payload_models: Sequence[type[BaseModel]],
    title: str,
    description: str,
    exchange: RabbitExchange | None = None,
    settle: Settle = "batch",
    stopping: asyncio.Event | None = None,
    registry: CollectorRegistry = REGISTRY,
) -> BatchSubscriber:
    """Subscribe a handler to a queue, in batches of whatever is waiting, `max_batch` at most.

    The broker starts and stops it with its other subscribers. `prefetch` bounds what is received
    and not settled. `settle="batch"`: settled when the handler returns; `settle="single"`: the
    handler settles each delivery itself, later. `payload_models`, `title`, `description` and
    `exchange` are what AsyncAPI shows. `stopping` is set when stopping begins.
    """
    config = RabbitSubscriberConfig(
        no_reply=True,
        queue=queue,
        exchange=exchange or RabbitExchange(),
        _ack_policy=AckPolicy.MANUAL,
        _outer_config=broker.config,  # type: ignore[arg-type]  # a composition that stands for it
    )
    specification = _BatchSpecification(
        _outer_config=broker.config,  # type: ignore[arg-type]  # likewise
        specification_config=_documented(config, title, description),
        calls=CallsCollection[Any](),
    )
    specification.models = tuple(payload_models)
    subscriber = BatchSubscriber(
        config,
        specification,
        batches=BatchLoop(
            queue.name, handler, max_batch=max_batch, settle=settle, registry=registry
        ),
        prefetch=prefetch,
        stopping=stopping or asyncio.Event(),
    )
    Registrator.subscriber(broker, subscriber)
    return subscriber


def _documented(
    config: RabbitSubscriberConfig, title: str, description: str
) -> RabbitSubscriberSpecificationConfig:
    return RabbitSubscriberSpecificationConfig(
        title_=title,
        description_=description,
        include_in_schema=True,
        queue=config.queue,
        exchange=config.exchange,
    )


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return get_model_schema(create_model("", payload=(model, ...)))


async def _cancelled(task: asyncio.Task[None] | None) -> None:
    if task is None or task.done():
        return
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait([task], timeout=_CANCEL_SECONDS)
