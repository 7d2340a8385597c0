"""The one way to publish: confirmed, persistent, with a deadline of our own, many at once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

import aiormq
from aio_pika import RobustChannel
from aiormq.exceptions import AMQPError
from faststream.rabbit import RabbitBroker, RabbitExchange
from prometheus_client import REGISTRY, CollectorRegistry
from pydantic import BaseModel

from herald.bus.cancellation import own_cancellation_only
from herald.bus.errors import (
    PublishError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from herald.bus.metrics import bus_metrics
from herald.bus.outgoing_messages import OutgoingMessage, encode
from herald.bus.pipelined_publisher import Encoded, publish_batch
from herald.bus.recovery import connection_of, is_of, open_channel, request_recovery

__all__ = ["PUBLISH_TIMEOUT_SECONDS", "Publisher", "declare_publication"]

PUBLISH_TIMEOUT_SECONDS = 5.0


class Publisher:
    """Publishes on a broker of its own (`publishing_broker`); safe to share between tasks.

    `user`: named in everything it publishes, for those who count it only from that user.
    """

    def __init__(
        self,
        broker: RabbitBroker,
        *,
        user: str | None = None,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self.confirmed_at: float | None = None  # the last time, in monotonic seconds
        self._broker = broker
        self._user = user
        self._published = bus_metrics(registry).published
        self._robust: RobustChannel | None = None  # the channel of the last publish
        self._in_flight: set[str] = set()
        self._released = asyncio.Event()

    @property
    def is_reopening(self) -> bool:
        """Its channel was lost: nothing can be published before it is open again."""
        robust, connection = self._robust, connection_of(self._broker)
        return robust is not None and is_of(robust, connection) and open_channel(robust) is None

    async def publish_confirmed(
        self, frame: OutgoingMessage, timeout_seconds: float = PUBLISH_TIMEOUT_SECONDS
    ) -> None:
        """Publish one frame and return once the broker has confirmed it.

        Raises:
            PublishError: it was not confirmed; the subclass says what that means.
        """
        [outcome] = await self.publish_many([frame], timeout_seconds)
        if outcome is not None:
            raise outcome

    async def publish_many(
        self,
        frames: Sequence[OutgoingMessage],
        timeout_seconds: float = PUBLISH_TIMEOUT_SECONDS,
        *,
        while_progressing: bool = False,
    ) -> list[PublishError | None]:
        """Publish frames together; return for each, in order, None (confirmed) or its failure.

        The time is for all of them; `while_progressing`, each confirm gives the others as much
        again: a slow broker is no broken one.
        Frames of one call travel in order. An id that is in flight already, here or in another
        call, waits for that one's end: two confirms of one id can't be told apart. Never raises
        but for the caller's own cancellation.
        """
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        renewal = timeout_seconds if while_progressing else None
        outcomes: dict[int, PublishError | None] = {}
        waiting = dict(enumerate(frames))
        while waiting:
            claimed = self._claim(waiting)
            if not claimed:
                if await self._wait_for_release(deadline):
                    continue
                outcomes |= {i: _same_id_busy(frame) for i, frame in waiting.items()}
                break
            try:
                outcomes |= await self._publish(claimed, deadline, renewal)
            finally:
                self._release(claimed)
            waiting = {i: frame for i, frame in waiting.items() if i not in claimed}
        self._count(frames, outcomes)
        return [outcomes[i] for i in range(len(frames))]

    async def is_taken(self, frame: OutgoingMessage, timeout_seconds: float) -> bool:
        """Whether the broker confirms a frame in time. It is not counted, and its loss is no loss.

        A broker whose memory or disk raised an alarm goes on delivering and keeps its connections
        up, but takes nothing: only a publish can tell.
        """
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        return (await self._publish({0: frame}, deadline))[0] is None

    async def _publish(
        self,
        frames: dict[int, OutgoingMessage],
        deadline: float,
        renewal_seconds: float | None = None,
    ) -> dict[int, PublishError | None]:
        channel = await self._channel()
        if channel is None:
            return {
                i: UnavailableError(frame.message_id, "no connection")
                for i, frame in frames.items()
            }
        encoded, outcomes = self._encode(channel, frames)
        results = await publish_batch(channel, list(encoded.values()), deadline, renewal_seconds)
        if None in results:
            self.confirmed_at = time.monotonic()
        return outcomes | dict(zip(encoded, results, strict=True))

    def _encode(
        self, channel: aiormq.Channel, frames: dict[int, OutgoingMessage]
    ) -> tuple[dict[int, Encoded], dict[int, PublishError | None]]:
        encoded: dict[int, Encoded] = {}
        refused: dict[int, PublishError | None] = {}
        for i, frame in frames.items():
            try:
                payload = encode(
                    frame,
                    channel_number=channel.number,
                    max_content_bytes=channel.max_content_size,
                    app_id=self._broker.config.app_id or "",
                    user_id=self._user,
                )
            except ValueError as error:
                refused[i] = RefusedError(frame.message_id, str(error))
            else:
                encoded[i] = Encoded(frame.message_id, payload)
        return encoded, refused

    async def _channel(self) -> aiormq.Channel | None:
        """Return the open channel to publish on; None, at once, when there is none."""
        connection = connection_of(self._broker)
        if connection is None:
            return None
        try:
            with own_cancellation_only():
                robust = await self._broker.config.channel_manager.get_channel()
                self._robust = robust
        except (AMQPError, OSError, RuntimeError):  # lost while it was opened
            return None
        channel = open_channel(robust)
        if channel is None:
            request_recovery(connection)
        return channel

    def _claim(self, waiting: dict[int, OutgoingMessage]) -> dict[int, OutgoingMessage]:
        claimed: dict[int, OutgoingMessage] = {}
        for i, frame in waiting.items():
            if frame.message_id not in self._in_flight:
                self._in_flight.add(frame.message_id)
                claimed[i] = frame
        return claimed

    def _release(self, frames: dict[int, OutgoingMessage]) -> None:
        self._in_flight.difference_update(frame.message_id for frame in frames.values())
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
        self, frames: Sequence[OutgoingMessage], outcomes: dict[int, PublishError | None]
    ) -> None:
        counts = Counter(
            (frame.exchange, "confirmed" if (failure := outcomes[i]) is None else failure.kind)
            for i, frame in enumerate(frames)
        )
        for labels, count in counts.items():
            self._published.labels(*labels).inc(count)


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


def _same_id_busy(frame: OutgoingMessage) -> PublishError:
    return TimedOutError(frame.message_id, "the same id is still in flight")
