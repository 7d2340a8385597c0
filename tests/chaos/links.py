"""A TCP link to a server that can be cut, go dead, or lose what the server answers.

What waits while a link is dead arrives when it is healed, as TCP sends again what got lost.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Coroutine
from contextlib import suppress

from herald_local.ports import LOOPBACK

CHUNK_BYTES = 65536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER, 0 s: closing sends RST instead of FIN


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with RST; what is unsent is dropped."""
    connected: socket.socket | None = writer.get_extra_info("socket")
    if connected is not None:
        with suppress(OSError):  # it is closed already
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


class Link:
    """Forwards connections to one server for one process; all methods belong to its event loop."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._requests, self._replies = asyncio.Event(), asyncio.Event()  # set: bytes pass
        self._requests.set()
        self._replies.set()
        self._refuses = False
        self._marker: bytes | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost_replies = 0
        self.bytes_since_cut = 0  # that the server sent

    async def open(self) -> int:
        """Listen on a free port and return it."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        assert self._server is not None, "open() comes first"
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection, and each new one, until healed."""
        self._refuses = True
        self.reset_once()

    def reset_once(self) -> None:
        """Reset every connection; new ones are welcome."""
        for writer in tuple(self._writers):
            reset(writer)
        self._writers.clear()
        self.bytes_since_cut = 0

    def hold(self) -> None:
        """Keep every connection open and pass nothing, until healed."""
        self._requests.clear()
        self._replies.clear()

    def hold_replies(self) -> None:
        """Pass what the process sends and withhold what the server sends, until healed."""
        self._replies.clear()

    def lose_reply(self, marker: bytes) -> None:
        """Swallow the next bytes of the server that contain `marker`, and reset that connection."""
        self._marker = marker

    def heal(self) -> None:
        self._refuses, self._marker = False, None
        self._requests.set()
        self._replies.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            reset(writer)
            return
        try:
            from_server, to_server = await asyncio.open_connection(*self._target)
        except OSError:
            reset(writer)
            return
        self._writers |= {writer, to_server}
        self._spawn(self._pass_requests(reader, to_server))
        self._spawn(self._pass_replies(from_server, writer, to_server))

    def _spawn(self, pump: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(pump)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_requests(
        self, reader: asyncio.StreamReader, to_server: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._requests.wait()
                to_server.write(data)
                await to_server.drain()
        await self._requests.wait()
        self._end(to_server)

    async def _pass_replies(
        self,
        from_server: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        to_server: asyncio.StreamWriter,
    ) -> None:
        with suppress(OSError):
            while data := await from_server.read(CHUNK_BYTES):
                if self._marker is not None and self._marker in data:
                    self._marker = None
                    self.lost_replies += 1
                    reset(writer)
                    reset(to_server)
                    break
                await self._replies.wait()
                self.bytes_since_cut += len(data)
                writer.write(data)
                await writer.drain()
        await self._replies.wait()
        self._end(writer)

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()
