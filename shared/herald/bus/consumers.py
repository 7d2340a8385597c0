"""A consumer that stays: it waits for its queue, keeps its prefetch, and comes back when lost."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import aiormq
import structlog
from aio_pika.abc import AbstractConnection
from aiormq.abc import DeliveredMessage

from herald.bus.byte_budget import PrefetchBudget
from herald.bus.cancellation import own_cancellation_only, raise_own_cancellation
from herald.bus.channels import WiredChannel, open_channel
from herald.bus.connection_keeper import ConnectionKeeper, wire_of
from herald.bus.explanations import queue_problem
from herald.bus.library_internals import has_consumer
from herald.bus.wire.properties import Properties
from herald.bus.wire.receiving import ChannelReader, Envelope

_WATCH_SECONDS = 1.0
_POLL_SECONDS = 0.02
_NOTED_A_LOOK = 8  # messages, before the prefetch is judged again
_GROWING_SECONDS = 0.2  # to wait for settlements before more is received: half as much is held

_log = structlog.get_logger(__name__)


class Consumer:
    """One consumer on one queue, on an AMQP channel of its own."""

    def __init__(
        self,
        keeper: ConnectionKeeper,
        queue: str,
        receive: Callable[[WiredChannel, Envelope, Properties, bytes], None],
        *,
        prefetch: int,
        largest: int,
        unsettled: Callable[[], int],
        call_timeout_seconds: float,
    ) -> None:
        self._keeper = keeper
        self._queue = queue
        self._receive = receive
        self._budget = PrefetchBudget(prefetch, largest)
        self._noted = 0
        self._unsettled = unsettled
        self._timeout_seconds = call_timeout_seconds
        self.prefetch = self._budget.allowed  # of the consumer at this moment
        self._changing = False  # its prefetch, between two consumers
        self._channel: aiormq.Channel | None = None
        self._tag = ""  # of the consumer on it; none before it consumes
        self._changed = asyncio.Event()
        self._failure = "not started"
        self.losses = 0  # how often deliveries may have returned to the queue

    @property
    def problem(self) -> str | None:
        """Why nothing is consumed; None when the broker delivers to an open channel."""
        channel = self._channel
        if channel is None or channel.is_closed:
            return f"can't consume {self._queue}: {self._failure}"
        if self._changing or has_consumer(channel, self._tag):
            return None
        return f"can't consume {self._queue}: {self._failure}"

    async def run(self) -> None:
        """Consume until cancelled. The consumer outlives this task: `cancel` ends it."""
        self._failure = "connecting"
        while True:
            self._changed.clear()
            if self.problem is not None:
                await self._keeper.connected()
                await self._attach()
            elif self._budget.suited(self.prefetch) != self.prefetch:
                await self._change_prefetch()
            raise_own_cancellation()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_SECONDS):
                    await self._changed.wait()

    def note(self, size: int) -> None:
        """Take in the bytes of a message received: what is held follows the sizes."""
        self._budget.note(size)
        self._noted += 1
        if self._noted % _NOTED_A_LOOK or self._changing:
            return
        if self._budget.suited(self.prefetch) != self.prefetch:
            self._wake()

    async def cancel(self) -> bool:
        """Have the broker deliver no more; what is on its way arrives before this returns.

        Returns whether that is certain. Else more may have been sent, which nobody here gets.
        """
        self._failure = "stopped"
        return await self._end_consumer()

    def release(self) -> bool:
        """Let go of the channel at the end, so that its close is no loss; False if it is lost."""
        channel, self._channel = self._channel, None
        return channel is None or not channel.is_closed

    async def give_back(self, settlements_taken_in: Callable[[], Awaitable[None]]) -> None:
        """Have every delivery that is not settled return to the queue.

        Ends the consumer first, then waits for `settlements_taken_in`, then closes the channel,
        which alone returns also what the queue has sent and nobody has received.
        """
        channel = self._channel
        if channel is None or channel.is_closed:
            return
        self.losses += 1
        await self.cancel()
        self._channel = None  # its close is counted
        await settlements_taken_in()
        given_back = aiormq.exceptions.ChannelInvalidStateError("given back")
        with contextlib.suppress(Exception), own_cancellation_only():
            await channel.close(given_back, timeout=self._timeout_seconds)

    async def _change_prefetch(self) -> None:
        """Consume anew on the same channel: a quorum queue keeps the prefetch of a consumer.

        What was received stays ours, and most of it is settled first, for the new consumer's
        prefetch does not count it; to hold more, that is not waited for long. The queue may take
        back what it had only just sent, hence a loss.
        """
        self._changing = True
        try:
            self.losses += 1
            await self._whole(self._end_consumer())
            await self._mostly_settled()
            await self._whole(self._attach())
        finally:
            self._changing = False

    async def _mostly_settled(self) -> None:
        is_growing = self._budget.allowed > self.prefetch
        deadline = time.monotonic() + (_GROWING_SECONDS if is_growing else math.inf)
        while self._unsettled() > self.prefetch / 4 and time.monotonic() < deadline:  # noqa: ASYNC110  rare
            await asyncio.sleep(_POLL_SECONDS)

    async def _end_consumer(self) -> bool:
        """End the consumer; return whether the broker said so, or there is no channel for one."""
        tag, self._tag = self._tag, ""
        if self._channel is not None and tag:  # a lost channel has none
            with contextlib.suppress(Exception), own_cancellation_only():
                await self._channel.basic_cancel(tag, timeout=self._timeout_seconds)
                return True
        return self._channel is None

    async def _attach(self) -> None:
        try:
            with own_cancellation_only():
                await self._consume()
        except Exception as error:  # noqa: BLE001  a missing queue, a lost channel: try again
            if self._failure != (reason := queue_problem(error)):
                self._failure = reason
                _log.warning("bus.no_consumer", queue=self._queue, reason=reason)
        else:
            self._failure = "lost"  # what to say from the moment it is lost
            _log.info("bus.consuming", queue=self._queue, prefetch=self.prefetch)

    async def _consume(self) -> None:
        connection = self._keeper.connection
        if connection is None:
            raise aiormq.exceptions.ChannelInvalidStateError("no connection")
        await self._probe(connection)
        channel = self._channel
        if channel is None or channel.is_closed:
            channel = await self._open(connection)
        self.prefetch = self._budget.suited(self.prefetch)
        await channel.basic_qos(prefetch_count=self.prefetch, timeout=self._timeout_seconds)
        reply = await channel.basic_consume(
            self._queue, _never_called, timeout=self._timeout_seconds
        )
        self._tag = reply.consumer_tag or ""

    async def _open(self, connection: AbstractConnection) -> aiormq.Channel:
        """Open a channel; learn of its close, and of a consumer on it that the broker cancels."""
        channel = await open_channel(connection, timeout_seconds=self._timeout_seconds)
        channel.on_consumer_cancel_callbacks.add(self._cancelled)
        wire = wire_of(connection)
        wired = WiredChannel(channel, wire)
        frames = ChannelReader(deliver=partial(self._receive, wired), closed=wired.broker_closed)
        wire.take(channel.number, frames)

        def closed(_: object) -> None:
            wire.leave(channel.number, frames)
            self._lost(channel)

        channel.closing.add_done_callback(closed)
        self._channel, self._tag = channel, ""
        return channel

    def _cancelled(self, _: object) -> None:
        self.losses += 1
        self._wake()

    def _lost(self, channel: aiormq.Channel) -> None:
        """Count a channel that is lost or given back, once."""
        if channel is self._channel:
            self._channel, self._tag = None, ""
            self.losses += 1
            self._wake()

    async def _probe(self, connection: AbstractConnection) -> None:
        """See that the queue is there, on a channel of its own: a missing one closes it."""
        probe = await open_channel(connection, timeout_seconds=self._timeout_seconds)
        try:
            await probe.queue_declare(self._queue, passive=True, timeout=self._timeout_seconds)
        finally:
            await probe.close()

    def _wake(self, *_: object) -> None:
        self._changed.set()

    async def _whole(self, work: Coroutine[Any, Any, object]) -> None:
        """Do all of it even if cancelled: aiormq closes a channel whose call is cut short."""
        task = asyncio.create_task(work)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=self._timeout_seconds)
            raise


async def _never_called(_: DeliveredMessage) -> None:
    """Stand for a consumer to aiormq, which sees no delivery of the channel."""
