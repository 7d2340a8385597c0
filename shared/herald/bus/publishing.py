"""The one way to publish: confirmed, persistent, with a deadline of our own, many at once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
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
        self._channel = PublishingChannel(broker.keeper)
        self._in_flight: set[str] = set()
        self._released = asyncio.Event()

    @property
    def is_reopening(self) -> bool:
        """Its channel was lost: nothing can be published before it is open again."""
        return self._channel.is_reopening

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
                results |= await self._publish(claimed, deadline, renewal)
            finally:
                self._release(claimed)
            waiting = {i: message for i, message in waiting.items() if i not in claimed}
        self._count(messages, results)
        return [results[i] for i in range(len(messages))]

    async def is_taken(self, message: OutgoingMessage, timeout_seconds: float) -> bool:
        """Whether the broker confirms a message in time. It is not counted.

        A broker whose memory or disk raised an alarm goes on delivering and keeps its connections
        up, but takes nothing: only a publish shows it.
        """
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        return (await self._publish({0: message}, deadline))[0] is None

    async def _publish(
        self,
        messages: dict[int, OutgoingMessage],
        deadline: float,
        renewal_seconds: float | None = None,
    ) -> dict[int, PublishError | None]:
        channel = self._channel.current
        if channel is None:
            return {
                i: UnavailableError(message.message_id, "no connection")
                for i, message in messages.items()
            }
        encoded, refused = self._encode(channel, messages)
        results = await publish_batch(channel, list(encoded.values()), deadline, renewal_seconds)
        if None in results:
            self.confirmed_at = time.monotonic()
        return refused | dict(zip(encoded, results, strict=True))

    def _encode(
        self, channel: ConfirmingChannel, messages: dict[int, OutgoingMessage]
    ) -> tuple[dict[int, Encoded], dict[int, PublishError | None]]:
        encoded: dict[int, Encoded] = {}
        refused: dict[int, PublishError | None] = {}
        content_bytes = max_content_bytes(channel.amqp)
        for i, message in messages.items():
            try:
                payload = encode(
                    message,
                    channel_number=channel.amqp.number,
                    max_content_bytes=content_bytes,
                    app_id=self._app_id,
                    user_id=self._user,
                )
            except ValueError as error:
                refused[i] = RefusedError(message.message_id, str(error))
            else:
                encoded[i] = Encoded(message.message_id, payload)
        return encoded, refused

    def _claim(self, waiting: dict[int, OutgoingMessage]) -> dict[int, OutgoingMessage]:
        claimed: dict[int, OutgoingMessage] = {}
        for i, message in waiting.items():
            if message.message_id not in self._in_flight:
                self._in_flight.add(message.message_id)
                claimed[i] = message
        return claimed

    def _release(self, messages: dict[int, OutgoingMessage]) -> None:
        self._in_flight.difference_update(message.message_id for message in messages.values())
        self._released.set()
        self._released = asyncio.Event()

    async def _wait_for_release(self, deadline: float) -> bool:
        try:
            async with asyncio.timeout_at(deadline):
                await self._released.wait()
        except TimeoutError:
            return False
        return True

    def _count(
        self, messages: Sequence[OutgoingMessage], results: dict[int, PublishError | None]
    ) -> None:
        counts = Counter(
            (message.exchange, "confirmed" if (failure := results[i]) is None else failure.kind)
            for i, message in enumerate(messages)
        )
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
