"""A queue of events and its consumer, set up again on every connection."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aiormq.exceptions import AMQPError, ChannelAccessRefused
from pydantic import ValidationError

from herald.bus.cancellation import own_cancellation_only
from herald.bus.connection_keeper import CLOSE_SECONDS
from herald.contracts.events import HeraldEvent, read_event
from herald.contracts.topology import EVENTS, tenant_queue_prefix

PREFETCH = 100
# A queue of ours outlives a lost connection that long, so that nothing is missed meanwhile.
KEPT_MILLISECONDS = 60_000

Receive = Callable[[HeraldEvent, AbstractIncomingMessage], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Subscription:
    """Consumes a queue that exists, or one of its own bound to `patterns`.

    That one is called `events.<prefix>.client.*`, so that a user's rights can be a tenant's. What
    its rights do not allow of `optional`, more patterns, is left out.

    `receive` acknowledges each message; what is no event of Herald's is acknowledged and skipped.
    """

    def __init__(
        self,
        prefix: str,
        patterns: Sequence[str],
        receive: Receive,
        queue: str | None = None,
        *,
        optional: Sequence[str] = (),
    ) -> None:
        self._patterns = patterns
        self._optional = optional
        self._receive = receive
        self._own = queue is None
        self._name = queue or f"{tenant_queue_prefix(prefix)}client.{uuid.uuid4().hex}"
        self._channel: AbstractChannel | None = None
        self._consumer: tuple[AbstractQueue, str] | None = None

    async def set_up(self, connection: AbstractConnection) -> None:
        """Declare, bind and consume."""
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await self._queue(channel)
        for pattern in self._optional:
            await _bind_if_allowed(connection, self._name, pattern)
        self._consumer = queue, await queue.consume(self._take)
        self._channel = channel

    async def tear_down(self) -> None:
        """Stop consuming; a queue of its own is deleted."""
        channel, self._channel = self._channel, None
        if channel is None or channel.is_closed or self._consumer is None:
            return
        queue, tag = self._consumer
        with (
            contextlib.suppress(AMQPError, OSError, RuntimeError, TimeoutError),
            own_cancellation_only(),
        ):
            async with asyncio.timeout(CLOSE_SECONDS):
                await queue.cancel(tag)
                if self._own:
                    await queue.delete(if_unused=False, if_empty=False)
                await channel.close()

    async def _queue(self, channel: AbstractChannel) -> AbstractQueue:
        if not self._own:
            return await channel.declare_queue(self._name, passive=True)
        queue = await channel.declare_queue(
            self._name, durable=True, arguments={"x-expires": KEPT_MILLISECONDS}
        )
        for pattern in self._patterns:
            await queue.bind(EVENTS, pattern)
        return queue

    async def _take(self, message: AbstractIncomingMessage) -> None:
        try:
            event = read_event(message.body)
        except ValidationError:
            _log.warning("client.unreadable_event", queue=self._name, type=message.type)
            await acknowledge(message)
            return
        await self._receive(event, message)


async def _bind_if_allowed(connection: AbstractConnection, queue: str, pattern: str) -> None:
    channel = await connection.channel()  # one of its own: a refusal closes it
    try:
        await (await channel.get_queue(queue, ensure=False)).bind(EVENTS, pattern)
    except ChannelAccessRefused:
        _log.debug("client.not_bound", pattern=pattern)
        return
    await channel.close()


async def acknowledge(message: AbstractIncomingMessage) -> None:
    """Acknowledge; on a lost channel there is nothing to acknowledge, it is delivered again."""
    with contextlib.suppress(AMQPError, OSError, RuntimeError):
        await message.ack()
