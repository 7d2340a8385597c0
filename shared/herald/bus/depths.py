"""How many messages wait in queues, as the broker says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import aiormq
from aiormq.exceptions import AMQPError

from herald.bus.brokers import Broker
from herald.bus.cancellation import own_cancellation_only
from herald.bus.channels import open_channel

_TIMEOUT_SECONDS = 1.0  # a broker with an alarm answers nothing on a connection that published


class QueueDepths:
    """Asks on the connection of `broker`, on an AMQP channel of its own."""

    def __init__(self, broker: Broker) -> None:
        self._keeper = broker.keeper
        self._channel: aiormq.Channel | None = None

    async def read(self, queues: Iterable[str]) -> dict[str, int]:
        """Return how many messages wait in each queue; one that can't be asked is left out."""
        depths: dict[str, int] = {}
        for queue in queues:
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    with own_cancellation_only():
                        depths[queue] = await self._read(queue)
            except (AMQPError, OSError, RuntimeError, TimeoutError):
                self._channel = None  # a queue that is missing closes it
        return depths

    async def _read(self, queue: str) -> int:
        channel = self._channel
        if channel is None or channel.is_closed:
            connection = self._keeper.connection
            if connection is None:
                raise aiormq.exceptions.ChannelInvalidStateError("no connection")
            channel = self._channel = await open_channel(connection)
        declared = await channel.queue_declare(queue, passive=True, timeout=_TIMEOUT_SECONDS)
        return declared.message_count or 0
