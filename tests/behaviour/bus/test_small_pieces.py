"""Connecting over a path that brings what the broker says in small pieces."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from yarl import URL

from behaviour.bus.rabbit import Rabbit
from herald.bus.connection_keeper import ConnectionKeeper, with_settings


async def test_a_handshake_may_arrive_in_pieces(rabbit: Rabbit) -> None:
    """A tunnel, or a proxy, may forward a frame in two."""
    there = URL(rabbit.amqp_url)

    async def pump(
        source: asyncio.StreamReader, sink: asyncio.StreamWriter, most: int, pause: float
    ) -> None:
        with suppress(OSError):
            while data := await source.read(most):
                sink.write(data)
                await sink.drain()
                await asyncio.sleep(pause)
        sink.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(there.host, there.port)
        await asyncio.gather(
            pump(reader, far_writer, 65536, 0), pump(far_reader, writer, 300, 0.01)
        )

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    url = there.with_host("127.0.0.1").with_port(server.sockets[0].getsockname()[1])
    keeper = ConnectionKeeper(with_settings(str(url), name="pieces"), "pieces")
    try:
        await keeper.open()
        assert keeper.connection is not None
    finally:
        await keeper.stop()
        server.close()
