"""A connection whose messages and confirms are read here, and everything else by aiormq.

aiormq makes the handshake, keeps heartbeats, opens channels and closes them. It reads its frames
from a stream as ever; ours are taken out of it before.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import aio_pika
from aiormq.connection import TransportFactory
from aiormq.exceptions import AMQPConnectionError
from yarl import URL

from herald.bus.wire.layout import HEARTBEAT, WireError
from herald.bus.wire.splitting import Splitter, Taker
from herald.bus.wire.tuning import limited

_BUFFER_BYTES = 64 * 1024
_MOST_UNSENT_BYTES = 1024 * 1024  # that a connection holds while the broker reads no more
# aiormq ends a connection that it has read nothing of for too long
_SIGN_OF_LIFE_SECONDS = 1.0


class Wire(asyncio.StreamReaderProtocol):
    """The bytes of one connection."""

    def __init__(self, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(reader, loop=loop)
        self._reader = reader
        self._clock = loop.time
        self._splitter = Splitter()
        self._transport: asyncio.WriteTransport | None = None
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._seen_at = 0.0  # when aiormq was last given anything
        self._has_offer = False  # of a size of frames, which the broker makes once

    def take(self, channel: int, taker: Taker) -> None:
        """Have messages and confirms of a channel taken; everything else of it stays aiormq's."""
        self._splitter.channels[channel] = taker

    def leave(self, channel: int, taker: Taker) -> None:
        """Take nothing more of a channel, unless another one has its number by now."""
        if self._splitter.channels.get(channel) is taker:
            del self._splitter.channels[channel]

    @property
    def has_room(self) -> bool:
        """Whether the broker reads fast enough for more to be written."""
        return self._has_room.is_set()

    async def room(self) -> None:
        """Wait until there is room, or the connection is lost."""
        await self._has_room.wait()

    def write(self, frames: bytes) -> None:
        """Write whole frames.

        Raises:
            ConnectionResetError: the connection is closed.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._transport.write(frames)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.set_write_buffer_limits(high=_MOST_UNSENT_BYTES)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go whoever waits for room."""
        self._has_room.set()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Have writers wait."""
        self._has_room.clear()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Let them go on."""
        self._has_room.set()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Take what is ours, and give aiormq the rest."""
        try:
            others = self._splitter.feed(data)
        except WireError as error:
            self._break_off(error)
            return
        now = self._clock()
        takes = bool(self._splitter.channels)  # not during the handshake, which knows no heartbeat
        if takes and not others and now >= self._seen_at + _SIGN_OF_LIFE_SECONDS:
            others = HEARTBEAT
        if others:
            if not self._has_offer and (tuned := limited(others)) is not None:
                self._has_offer, others = True, tuned
            self._seen_at = now
            self._reader.feed_data(others)

    def eof_received(self) -> bool | None:
        """Give aiormq the frame that was cut, which it complains of."""
        if left := self._splitter.end():
            self._reader.feed_data(left)
        return super().eof_received()

    def _break_off(self, error: WireError) -> None:
        """End a connection on which nothing can be read any more; it is made again."""
        self._splitter.channels.clear()
        self._reader.set_exception(ConnectionResetError(str(error)))
        if self._transport is not None:
            self._transport.abort()


class WireFactory(TransportFactory):
    """Makes the transport of one connection."""

    def __init__(self) -> None:
        self.wire: Wire | None = None  # of the last one that was made

    async def create(
        self, url: URL, **options: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; aiormq's own factories do it with a plain stream."""
        certificates = options.pop("ssl_context_provider")
        context = await certificates.get_context() if url.scheme == "amqps" else None
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_BUFFER_BYTES, loop=loop)
        wire = Wire(reader, loop)
        try:
            transport, _ = await loop.create_connection(
                lambda: wire, url.host or "", url.port or 0, ssl=context, **options
            )
        except OSError as error:
            raise AMQPConnectionError(*error.args) from error
        self.wire = wire
        return reader, asyncio.StreamWriter(transport, wire, reader, loop)


class WiredConnection(aio_pika.Connection):
    """aio-pika's connection over a `Wire`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._factory = WireFactory()
        self.kwargs["transport_factory"] = self._factory

    @property
    def wire(self) -> Wire:
        """The bytes of the connection; there are some once it is connected."""
        assert self._factory.wire is not None, "it was never connected"
        return self._factory.wire
