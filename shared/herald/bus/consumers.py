"""A consumer that stays: it waits for its queue, keeps its prefetch, and comes back when lost.

aio-pika reopens the channel; consuming again is done here, straight on aiormq, which saves a task
and a message object on every delivery and leaves one place to look when nothing is consumed.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import aiormq
import structlog
from aio_pika import RobustChannel
from aiormq.abc import AbstractConnection, DeliveredMessage
from faststream.rabbit import Channel
from faststream.rabbit.configs import RabbitBrokerConfig

from herald.bus.byte_budget import PrefetchBudget
from herald.bus.cancellation import own_cancellation_only
from herald.bus.recovery import open_channel, request_recovery

_WATCH_SECONDS = 1.0
_RECOVERY_AFTER_SECONDS = 5.0  # aio-pika's own recovery goes first
_CALL_TIMEOUT_SECONDS = 5.0
_POLL_SECONDS = 0.02
_GROWING_SECONDS = 1.0  # to wait for settlements before more is received

_log = structlog.get_logger(__name__)


class Consumer:
    """One consumer on one queue, on an AMQP channel of its own."""

    def __init__(
        self,
        config: RabbitBrokerConfig,
        queue: str,
        receive: Callable[[DeliveredMessage], Coroutine[Any, Any, None]],
        *,
        prefetch: int,
        largest: int,
        unsettled: Callable[[], int],
    ) -> None:
        self._config = config
        self._queue = queue
        self._receive = receive
        self._budget = PrefetchBudget(prefetch, largest)
        self._unsettled = unsettled
        self.prefetch = self._budget.allowed  # of the consumer at this moment
        self._settings = Channel(prefetch_count=self.prefetch)
        self._changing = False  # its prefetch, between two consumers
        self._channel: RobustChannel | None = None
        self._underlay: aiormq.Channel | None = None  # where the tag was consumed
        self._tag = ""
        self._changed = asyncio.Event()
        self._failure = "not started"
        self._closed_since: float | None = None
        self._watched: aiormq.Channel | None = None  # its close is counted
        self.losses = 0  # how often deliveries may have returned to the queue

    @property
    def problem(self) -> str | None:
        """Why nothing is consumed; None when the broker delivers to an open channel."""
        underlay = self._underlay
        if underlay is None or underlay.is_closed:
            return f"can't consume {self._queue}: {self._failure}"
        if self._tag not in underlay.consumers and not self._changing:
            return f"can't consume {self._queue}: {self._failure}"
        return None

    async def run(self) -> None:
        """Consume until cancelled. The consumer outlives this task: `cancel` ends it."""
        self._failure = "connecting"
        while True:
            self._changed.clear()
            if self.problem is not None:
                await self._attach()
            elif self._budget.suited(self.prefetch) != self.prefetch:
                await self._change_prefetch()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_SECONDS):
                    await self._changed.wait()

    def note(self, size: int) -> None:
        """Take in the bytes of a message received: what is held follows the sizes."""
        self._budget.note(size)
        if not self._changing and self._budget.suited(self.prefetch) != self.prefetch:
            self._wake()

    async def cancel(self) -> None:
        """Have the broker deliver no more; what is on its way arrives before this returns."""
        self._failure = "stopped"
        await self._end_consumer()  # a lost channel has none
        self._underlay = None

    async def give_back(self, settlements_taken_in: Callable[[], Awaitable[None]]) -> None:
        """Have every delivery that is not settled return to the queue.

        Ends the consumer first, then waits for `settlements_taken_in`, then closes the channel,
        which alone returns also what the queue has sent and nobody has received. aio-pika opens
        another channel by itself.
        """
        underlay = None if self._channel is None else open_channel(self._channel)
        self._count_loss(underlay)
        await self.cancel()
        if underlay is None:
            return
        await settlements_taken_in()
        given_back = aiormq.exceptions.ChannelInvalidStateError("given back")
        with contextlib.suppress(Exception), own_cancellation_only():
            await underlay.close(given_back, timeout=_CALL_TIMEOUT_SECONDS)

    async def _change_prefetch(self) -> None:
        """Consume anew on the same channel: a quorum queue keeps the prefetch of a consumer.

        What was received stays ours, and most of it is settled first, for the new consumer's
        prefetch does not count it; to hold more, that is not waited for long. The queue may take
        back what it had only just sent, hence a loss.
        """
        self._changing = True
        try:
            self.losses += 1
            await _whole(self._end_consumer())
            await self._mostly_settled()
            await _whole(self._attach())
        finally:
            self._changing = False

    async def _mostly_settled(self) -> None:
        is_growing = self._budget.allowed > self.prefetch
        deadline = time.monotonic() + (_GROWING_SECONDS if is_growing else math.inf)
        while self._unsettled() > self.prefetch / 4 and time.monotonic() < deadline:  # noqa: ASYNC110  rare
            await asyncio.sleep(_POLL_SECONDS)

    async def _end_consumer(self) -> None:
        if self._underlay is not None:
            with contextlib.suppress(Exception), own_cancellation_only():
                await self._underlay.basic_cancel(self._tag, timeout=_CALL_TIMEOUT_SECONDS)

    async def _attach(self) -> None:
        try:
            with own_cancellation_only():
                await self._consume()
        except Exception as error:  # noqa: BLE001  a missing queue, a lost channel: try again
            if self._failure != type(error).__name__:
                self._failure = type(error).__name__
                _log.warning("bus.no_consumer", queue=self._queue, error=self._failure)
            self._recover_channel()
        else:
            self._failure = "lost"  # what to say from the moment it is lost
            self._closed_since = None
            _log.info("bus.consuming", queue=self._queue, prefetch=self.prefetch)

    async def _consume(self) -> None:
        self.prefetch = self._budget.suited(self.prefetch)
        channel = await self._config.channel_manager.get_channel(self._settings)
        if channel is not self._channel:
            self._channel = channel
            channel.reopen_callbacks.add(self._wake)
        async with asyncio.timeout(_CALL_TIMEOUT_SECONDS):
            # Every time, and first: it waits until aio-pika has reopened the channel, and a
            # prefetch that failed to be set would mean an unlimited one.
            await channel.set_qos(prefetch_count=self.prefetch)
        underlay = open_channel(channel)
        if underlay is None:
            raise aiormq.exceptions.ChannelInvalidStateError("channel closed")
        await self._probe(underlay.connection)
        self._watch(underlay)
        reply = await underlay.basic_consume(
            self._queue, self._receive, timeout=_CALL_TIMEOUT_SECONDS
        )
        self._underlay, self._tag = underlay, reply.consumer_tag or ""

    def _watch(self, underlay: aiormq.Channel) -> None:
        """Learn of a channel's close and of a consumer that the broker cancels."""
        if self._watched is not underlay:
            self._watched = underlay
            underlay.on_consumer_cancel_callbacks.add(self._cancelled)
            underlay.closing.add_done_callback(lambda _: self._count_loss(underlay))

    def _cancelled(self, _: object) -> None:
        self.losses += 1
        self._wake()

    def _count_loss(self, underlay: aiormq.Channel | None) -> None:
        """Count a channel that is lost or given back, once."""
        if underlay is not None and underlay is self._watched:
            self._watched = None
            self.losses += 1

    async def _probe(self, connection: AbstractConnection) -> None:
        """See that the queue is there, on a channel of its own: a missing one closes it."""
        probe = await connection.channel(timeout=_CALL_TIMEOUT_SECONDS)
        try:
            await probe.queue_declare(self._queue, passive=True, timeout=_CALL_TIMEOUT_SECONDS)
        finally:
            await probe.close()

    def _recover_channel(self) -> None:
        """Ask aio-pika again for a channel that stays closed on a living connection."""
        if self._channel is None or open_channel(self._channel) is not None:
            self._closed_since = None
            return
        now = time.monotonic()
        if self._closed_since is None:
            self._closed_since = now
        elif now - self._closed_since >= _RECOVERY_AFTER_SECONDS:
            self._closed_since = now
            _log.warning("bus.channel_lost", queue=self._queue)
            request_recovery(self._channel)

    def _wake(self, *_: object) -> None:
        self._changed.set()


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Do all of it even if cancelled: aiormq closes a channel whose call is cut short."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=_CALL_TIMEOUT_SECONDS)
        raise
