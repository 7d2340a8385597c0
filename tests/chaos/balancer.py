"""The one address that providers call: a TCP load balancer over all ingresses.

As real ones do between two health checks, it skips what refuses the connection and goes on sending
to what hangs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from chaos.links import CHUNK_BYTES, reset
from chaos.webhook_tries import Tap, Try
from herald_local.ports import LOOPBACK

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 60.0
REQUEST_SECONDS = 1.0  # for a request that nobody will get, to be noted all the same


class Balancer:
    """Passes connections on in turn; `tries` holds every webhook that was brought to it."""

    def __init__(self, backends: Sequence[int]) -> None:
        self.backends = list(backends)  # ports
        self.tries: list[Try] = []
        self._server: asyncio.Server | None = None
        self._turn = 0

    async def open(self, port: int) -> None:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, port)

    async def close(self) -> None:
        assert self._server is not None, "open() comes first"
        self._server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tap = Tap(self.tries, time.time)
        backend = await self._connected()
        if backend is None:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(REQUEST_SECONDS):
                    tap.request(await reader.read(CHUNK_BYTES))
            tap.closed()
            reset(writer)
            return
        conversation = _Conversation(tap)
        await conversation.run((reader, writer), backend)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Connect to the next backend that takes connections; None: none does."""
        for _ in self.backends:
            self._turn = (self._turn + 1) % len(self.backends)
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(LOOPBACK, self.backends[self._turn])
        return None


Side = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Conversation:
    """One provider's connection and ours behind it, until one ends or both are idle."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._active = time.monotonic()

    async def run(self, provider: Side, ingress: Side) -> None:
        tasks = [
            asyncio.ensure_future(self._pass(provider[0], ingress[1], self._tap.request)),
            asyncio.ensure_future(self._pass(ingress[0], provider[1], self._tap.response)),
            asyncio.ensure_future(self._until_idle()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            self._tap.closed()
            for _, writer in (provider, ingress):
                writer.close()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        note: Callable[[bytes], None],
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                self._active = time.monotonic()
                note(data)
                writer.write(data)
                await writer.drain()

    async def _until_idle(self) -> None:
        while (left := self._active + IDLE_SECONDS - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)
