"""The one way to publish: confirmed, persistent, with a deadline of our own, many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from functools import cache

from faststream.rabbit import RabbitBroker, RabbitExchange
from prometheus_client import REGISTRY, CollectorRegistry
from pydantic import BaseModel

from herald.bus.brokers import Broker
from herald.bus.channels import ConfirmingChannel, PublishingChannel
from herald.bus.errors import (
    PublishError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from herald.bus.library_internals import max_content_bytes
from herald.bus.metrics import bus_metrics
from herald.bus.outgoing_messages import OutgoingMessage, encode
from herald.bus.pipelined_publisher import Encoded, publish_batch

__all__ = ["PUBLISH_TIMEOUT_SECONDS", "Publisher", "declare_publication"]

PUBLISH_TIMEOUT_SECONDS = 5.0


class Publisher:
    """Publishes on a broker of its own; safe to share between tasks.

    `user`: named in everything it publishes, for those who count it only from that user.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        user: str | None = None,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self.confirmed_at: float | None = None  # the last time, in monotonic seconds
        self._app_id = broker.app_id
        self._user = user
        self._published = cache(bus_metrics(registry).published.labels)  # a few of them
        self._keeper = broker.keeper
        self._channel = PublishingChannel(broker.keeper)
        self._in_flight: set[str] = set()
        self._released: asyncio.Event | None = None  # made by whoever waits for an id

    @property
    def is_reopening(self) -> bool:
        """Its channel was lost: nothing can be published before it is open again."""
        return self._channel.is_reopening

    async def connected(self) -> None:
        """Wait until there is a connection to publish on."""
        await self._keeper.connected()

    async def publish_many(
        self,
        messages: Sequence[OutgoingMessage],
        timeout_seconds: float = PUBLISH_TIMEOUT_SECONDS,
        *,
        while_progressing: bool = False,
    ) -> list[PublishError | None]:
        """Publish messages together; return for each, in order, None (confirmed) or its failure.

        The time is for all of them; `while_progressing`, each confirm gives the others as much
        again: a slow broker is no broken one.
        Messages of one call travel in order. An id that is in flight already, here or in another
        call, waits for that one's end: two confirms of one id look the same. Never raises
        but for the caller's own cancellation.
        """
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        renewal = timeout_seconds if while_progressing else None
        ids = {message.message_id for message in messages}
        if len(ids) == len(messages) and self._in_flight.isdisjoint(ids):
            self._in_flight |= ids
            try:
                results = await self._publish(messages, deadline, renewal)
            finally:
                self._release(ids)
        else:
            results = await self._publish_in_turn(messages, deadline, renewal)
        self._count(messages, results)
        return results

    async def is_taken(self, message: OutgoingMessage, timeout_seconds: float) -> bool:
        """Whether the broker confirms a message in time. It is not counted.

        A broker whose memory or disk raised an alarm goes on delivering and keeps its connections
        up, but takes nothing: only a publish shows it.
        """
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        return (await self._publish([message], deadline))[0] is None

    async def _publish(
        self,
        messages: Sequence[OutgoingMessage],
        deadline: float,
        renewal_seconds: float | None = None,
    ) -> list[PublishError | None]:
        """Publish messages whose ids differ."""
        channel = self._channel.current
        if channel is None:
            return [UnavailableError(message.message_id, "no connection") for message in messages]
        encoded, refused = self._encode(channel, messages)
        results = await publish_batch(channel, encoded, deadline, renewal_seconds)
        if None in results:
            self.confirmed_at = time.monotonic()
        for index, error in refused.items():  # in their order, so each is where it was
            results.insert(index, error)
        return results

    async def _publish_in_turn(
        self, messages: Sequence[OutgoingMessage], deadline: float, renewal_seconds: float | None
    ) -> list[PublishError | None]:
        """Publish messages of which some have an id that is in flight, or the same one."""
        results: dict[int, PublishError | None] = {}
        waiting = dict(enumerate(messages))
        while waiting:
            claimed = self._claim(waiting)
            if not claimed:
                if await self._wait_for_release(deadline):
                    continue
                results |= {i: _same_id_busy(message) for i, message in waiting.items()}
                break
            try:
                sent = await self._publish(list(claimed.values()), deadline, renewal_seconds)
            finally:
                self._release(message.message_id for message in claimed.values())
            results |= zip(claimed, sent, strict=True)
            waiting = {i: message for i, message in waiting.items() if i not in claimed}
        return [results[i] for i in range(len(messages))]

    def _encode(
        self, channel: ConfirmingChannel, messages: Sequence[OutgoingMessage]
    ) -> tuple[list[Encoded], dict[int, PublishError]]:
        """Encode what can be; the others are refused, by their place."""
        encoded: list[Encoded] = []
        refused: dict[int, PublishError] = {}
        number, content_bytes = channel.number, max_content_bytes(channel.amqp)
        for i, message in enumerate(messages):
            try:
                payload = encode(
                    message,
                    channel_number=number,
                    max_content_bytes=content_bytes,
                    app_id=self._app_id,
                    user_id=self._user,
                )
            except ValueError as error:
                refused[i] = RefusedError(message.message_id, str(error))
            else:
                encoded.append(Encoded(message.message_id, payload))
        return encoded, refused

    def _claim(self, waiting: dict[int, OutgoingMessage]) -> dict[int, OutgoingMessage]:
        claimed: dict[int, OutgoingMessage] = {}
        for i, message in waiting.items():
            if message.message_id not in self._in_flight:
                self._in_flight.add(message.message_id)
                claimed[i] = message
        return claimed

    def _release(self, message_ids: Iterable[str]) -> None:
        self._in_flight.difference_update(message_ids)
        if self._released is not None:
            self._released.set()
            self._released = None

    async def _wait_for_release(self, deadline: float) -> bool:
        if self._released is None:
            self._released = asyncio.Event()
        try:
            async with asyncio.timeout_at(deadline):
                await self._released.wait()
        except TimeoutError:
            return False
        return True

    def _count(
        self, messages: Sequence[OutgoingMessage], results: Sequence[PublishError | None]
    ) -> None:
        counts: dict[tuple[str, str], int] = {}
        for message, failure in zip(messages, results, strict=True):
            labels = message.exchange, "confirmed" if failure is None else failure.kind
            counts[labels] = counts.get(labels, 0) + 1
        for labels, count in counts.items():
            self._published(*labels).inc(count)


def declare_publication(
    broker: RabbitBroker,
    exchange: RabbitExchange,
    routing_key: str,
    model: type[BaseModel],
    *,
    title: str,
    description: str,
    mandatory: bool = True,
) -> None:
    """Have AsyncAPI list what a service publishes; `Publisher` does the publishing itself.

    For documents alone: a service that runs declares nothing of it.

    `routing_key` may hold placeholders (`message.{what}.{tenant}`).
    """
    broker.publisher(
        exchange=exchange,
        routing_key=routing_key,
        mandatory=mandatory,
        persist=True,
        title=title,
        description=description,
        schema=model,
        content_type="application/json",
    )


def _same_id_busy(message: OutgoingMessage) -> PublishError:
    return TimedOutError(message.message_id, "the same id is still in flight")
