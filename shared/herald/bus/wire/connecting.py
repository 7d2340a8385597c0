"""A connection whose messages and confirms are read here, and everything else by aiormq.

aiormq makes the handshake, keeps heartbeats, opens channels and closes them. It reads its frames
from a stream as ever; ours are taken out of it before.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aio_pika
from aiormq.connection import TransportFactory
from aiormq.exceptions import AMQPConnectionError
from yarl import URL

from herald.bus.wire.layout import HEARTBEAT, WireError
from herald.bus.wire.splitting import Splitter, Taker

_BUFFER_BYTES = 64 * 1024
# aiormq ends a connection that it has read nothing of for too long
_SIGN_OF_LIFE_SECONDS = 1.0


class Wire(asyncio.StreamReaderProtocol):
    """The bytes of one connection."""

    def __init__(self, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(reader, loop=loop)
        self._reader = reader
        self._clock = loop.time
        self._splitter = Splitter()
        self._transport: asyncio.BaseTransport | None = None
        self._seen_at = 0.0  # when aiormq was last given anything

    def take(self, channel: int, taker: Taker) -> None:
        """Have messages and confirms of a channel taken; everything else of it stays aiormq's."""
        self._splitter.channels[channel] = taker

    def leave(self, channel: int, taker: Taker) -> None:
        """Take nothing more of a channel, unless another one has its number by now."""
        if self._splitter.channels.get(channel) is taker:
            del self._splitter.channels[channel]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what can be broken off."""
        self._transport = transport
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take what is ours, and give aiormq the rest."""
        try:
            others = self._splitter.feed(data)
        except WireError as error:
            self._break_off(error)
            return
        now = self._clock()
        if not others and now >= self._seen_at + _SIGN_OF_LIFE_SECONDS:
            others = HEARTBEAT
        if others:
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
        if isinstance(self._transport, asyncio.WriteTransport):
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
