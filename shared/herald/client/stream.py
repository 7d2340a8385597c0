"""A stream of events: an async iterator, and a context manager for a firm beginning and end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from aio_pika.abc import AbstractIncomingMessage

from herald.client.connection import Connection
from herald.client.subscription import Subscription, acknowledge
from herald.contracts.events import HeraldEvent


class EventStream:
    """Events as they come; each is acknowledged when the next is asked for.

    It consumes from `async with` on, or else from the first event asked for, until the end of the
    block or `aclose`. An event that was not finished when a connection was lost is delivered again.
    """

    def __init__(
        self,
        connection: Connection,
        tenant: str,
        patterns: Sequence[str],
        queue: str | None = None,
    ) -> None:
        self._connection = connection
        self._subscription = Subscription(tenant, patterns, self._receive, queue)
        self._arrived: asyncio.Queue[tuple[HeraldEvent, AbstractIncomingMessage]] = asyncio.Queue()
        self._in_hand: AbstractIncomingMessage | None = None
        self._is_consuming = False

    async def __aenter__(self) -> Self:
        """Begin to consume.

        Raises:
            TopologyMissingError: there is no such queue.
            ConnectionFailedError: the user may not read it.
        """
        if not self._is_consuming:
            await self._connection.add(self._subscription.set_up)
            self._is_consuming = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop consuming."""
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> HeraldEvent:
        """Acknowledge the last event and wait for the next."""
        await self.__aenter__()
        done, self._in_hand = self._in_hand, None  # once, though waiting below may be cut short
        if done is not None:
            await acknowledge(done)
        while True:
            event, self._in_hand = await self._arrived.get()
            if not self._in_hand.channel.is_closed:  # else it is delivered again
                return event

    async def aclose(self) -> None:
        """Stop consuming; the event in hand is not acknowledged."""
        if self._is_consuming:
            self._is_consuming = False
            self._connection.remove_setup(self._subscription.set_up)
            await self._subscription.tear_down()

    async def _receive(self, event: HeraldEvent, message: AbstractIncomingMessage) -> None:
        self._arrived.put_nowait((event, message))
