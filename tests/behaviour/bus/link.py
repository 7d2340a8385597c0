"""A TCP link to the broker that a test can hold, cut and open late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from yarl import URL


class Link:
    """Forwards bytes both ways.

    While held it forwards nothing and closes nothing; while cut nobody gets through.
    """

    def __init__(self, target: URL) -> None:
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def cut(self) -> None:
        """Close every connection, and each new one at once, until mended."""
        self._cut = True
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def mend(self) -> None:
        self._cut = False

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.close()
            return
        there = await asyncio.open_connection(self._target.host, self._target.port)
        self._writers |= {writer, there[1]}
        for source, sink in ((reader, there[1]), (there[0], writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self._open.wait()
                sink.write(data)
                await sink.drain()
        sink.close()

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def linked(amqp_url: str, *, port: int = 0) -> AsyncIterator[tuple[Link, str]]:
    """Open a link to the broker of `amqp_url`; give it and the URL that goes through it."""
    url = URL(amqp_url)
    link = Link(url)
    server = await asyncio.start_server(link.accept, "127.0.0.1", port)
    try:
        yield link, str(url.with_host("127.0.0.1").with_port(server.sockets[0].getsockname()[1]))
    finally:
        server.close()
        link.release()
        await link.close()
