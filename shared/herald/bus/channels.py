"""AMQP channels, straight on aiormq: aio-pika's cost a task and an object a message more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

import aiormq
import structlog
from aio_pika.abc import AbstractConnection
from aiormq.exceptions import AMQPError, ChannelInvalidStateError

from herald.bus.cancellation import own_cancellation_only
from herald.bus.connection_keeper import ConnectionKeeper, amqp_connection, wire_of
from herald.bus.library_internals import has_written_all, write
from herald.bus.wire.confirms import ConfirmBook
from herald.bus.wire.connecting import Wire
from herald.bus.wire.receiving import ChannelReader

CALL_TIMEOUT_SECONDS = 5.0
_REOPEN_PAUSE_SECONDS = 0.2

_log = structlog.get_logger(__name__)


async def open_channel(
    connection: AbstractConnection,
    *,
    confirms: bool = False,
    timeout_seconds: float = CALL_TIMEOUT_SECONDS,
) -> aiormq.Channel:
    """Open a channel that the connection's reader never waits for.

    At aiormq's default its reader stops after ten frames of a channel until that channel's own task
    has had its turn. A message has three, so one behind 400 of another lane waits 130 turns of a
    busy loop. Prefetch bounds what can come.

    Raises:
        ChannelInvalidStateError, AMQPError, OSError, RuntimeError, TimeoutError: it was lost.
    """
    amqp = amqp_connection(connection)
    if amqp is None:
        raise ChannelInvalidStateError("connection closed")
    channel = await amqp.channel(
        publisher_confirms=confirms, frame_buffer_size=0, timeout=timeout_seconds
    )
    return cast("aiormq.Channel", channel)


@dataclass(slots=True, eq=False)
class WiredChannel:
    """A channel whose messages and settlements are written without aiormq's queue and task.

    What aiormq has queued goes first, so that nothing overtakes a close of a channel. aiormq
    answers a close by the broker turns of the loop before its channel says so, and the broker ends
    the whole connection for what it gets behind that answer: so it is noted as it is read.
    """

    amqp: aiormq.Channel
    wire: Wire
    _closed_by_broker: bool = field(default=False, init=False)

    @property
    def number(self) -> int:
        """What its frames are marked with."""
        return self.amqp.number

    @property
    def is_closed(self) -> bool:
        """It is lost, or closed by either side."""
        return self._closed_by_broker or self.amqp.is_closed

    @property
    def is_free(self) -> bool:
        """Whether frames can be written without waiting."""
        return self.wire.has_room and has_written_all(self.amqp)

    def broker_closed(self, _reason: str) -> None:
        """Note that the broker closed it: nothing more is written."""
        self._closed_by_broker = True

    def write_now(self, frames: bytes) -> None:
        """Write frames where that `is_free`.

        Raises:
            ConnectionResetError: the connection is closed.
        """
        self.wire.write(frames)

    async def write(self, frames: bytes) -> None:
        """Write frames, once there is room.

        Raises:
            ConnectionResetError: the channel or the connection is closed.
        """
        await self.wire.room()
        if self.is_closed:
            raise ConnectionResetError("the channel is closed")
        if has_written_all(self.amqp):
            self.wire.write(frames)
        else:
            await write(self.amqp, frames)


@dataclass(slots=True, eq=False)
class ConfirmingChannel(WiredChannel):
    """A channel that is published on, and the confirms that its publishes wait for."""

    confirms: ConfirmBook

    def broker_closed(self, reason: str) -> None:
        """Note that the broker closed it, and give up what waits for a confirm."""
        self._closed_by_broker = True
        self.confirms.lose(reason)


class PublishingChannel:
    """The channel that a connection is published on; opened again whenever it is lost."""

    def __init__(self, keeper: ConnectionKeeper) -> None:
        self._keeper = keeper
        self._channel: ConfirmingChannel | None = None
        self._reopening: asyncio.Task[None] | None = None
        keeper.add_setup(self._open)

    @property
    def current(self) -> ConfirmingChannel | None:
        """The open channel; None while there is none."""
        channel = self._channel
        return None if channel is None or channel.is_closed else channel

    @property
    def is_reopening(self) -> bool:
        """It was lost and its connection was not."""
        return self.current is None and self._keeper.connection is not None

    async def _open(self, connection: AbstractConnection) -> None:
        channel = await open_channel(connection, confirms=True)
        wire, confirms = wire_of(connection), ConfirmBook()
        confirming = ConfirmingChannel(channel, wire, confirms)
        frames = ChannelReader(confirms=confirms, closed=confirming.broker_closed)
        wire.take(channel.number, frames)

        def closed(closing: asyncio.Future[object]) -> None:
            wire.leave(channel.number, frames)
            confirms.lose(_reason(closing))
            self._closed(connection)

        channel.closing.add_done_callback(closed)
        self._channel = confirming

    def _closed(self, connection: AbstractConnection) -> None:
        if self._keeper.connection is connection:
            self._reopening = asyncio.create_task(self._reopen(connection), name="reopen a channel")

    async def _reopen(self, connection: AbstractConnection) -> None:
        while self.current is None and self._keeper.connection is connection:
            try:
                with own_cancellation_only():
                    await self._open(connection)
            except Exception as error:  # noqa: BLE001  as long as its connection lives
                _log.warning("bus.channel_lost", error=type(error).__name__)
                await asyncio.sleep(_REOPEN_PAUSE_SECONDS)


def _reason(closing: asyncio.Future[object]) -> str:
    """Say why a channel closed: the broker's own words, a reply code and text, where it did it."""
    error = None if closing.cancelled() else closing.exception()
    if error is None:
        return "channel closed"
    text = str(error) if isinstance(error, AMQPError) else ""
    return f"{type(error).__name__} {text}".strip()
