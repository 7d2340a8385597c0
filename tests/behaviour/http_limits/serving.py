"""A uvicorn with limits, in the test's own loop, and callers with bare sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from herald.service.http_limits.protocol import BODIES, LimitedProtocol
from herald.service.http_limits.serving import limited_protocol

GOODBYE = b""  # what is read once the other side has closed


@dataclass
class Application:
    """Answers 200 with the size of the body; `/early` at once with 401; `/held` when released.

    `/some` gets 40 KB, `/long` 30 MB.
    """

    released: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.under_way += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self.under_way -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/early":
            await _send(send, 401, b"no\n")
            return
        if scope["path"] == "/closing":
            await _send(send, 413, b"large\n", (b"connection", b"close"))
            return
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size, more = size + len(message["body"]), message["more_body"]
        if scope["path"] == "/held":
            await self.released.wait()
        length = {"/some": 40_000, "/long": 30_000_000}.get(scope["path"])
        await _send(send, 200, str(size).encode() if length is None else b"x" * length)


async def _send(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Caller:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))

    async def hear(self) -> tuple[int, dict[bytes, bytes], bytes]:
        """Read one whole response: status, headers, body."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            pairs = (line.partition(b": ") for line in lines[1:] if line)
            headers = {name: value for name, _, value in pairs}
            body = await self.reader.readexactly(int(headers.get(b"content-length", b"0")))
        return int(lines[0].split()[1]), headers, body

    async def ends(self, seconds: float = 10) -> bool:
        """Whether the other side closes, once all it said is read."""
        async with asyncio.timeout(seconds):
            with contextlib.suppress(ConnectionResetError):
                while await self.reader.read(65536) != GOODBYE:
                    pass
        return True


@dataclass
class Served:
    """A server and how to call it."""

    port: int
    server: uvicorn.Server
    application: Application
    protocol: type[LimitedProtocol]
    callers: list[Caller] = field(default_factory=list)

    async def caller(self, *said: bytes) -> Caller:
        """Open a connection, and say something."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        caller = Caller(reader, writer)
        self.callers.append(caller)
        caller.say(*said)
        return caller

    async def caller_that_reads_nothing(self) -> tuple[Caller, LimitedProtocol]:
        """Open a connection of which an answer is unsent, too small to pause its writing."""
        before = connections(self)
        calling = socket.socket()
        calling.setblocking(False)
        calling.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        await asyncio.get_running_loop().sock_connect(calling, ("127.0.0.1", self.port))
        caller = Caller(*await asyncio.open_connection(sock=calling))
        self.callers.append(caller)
        caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: len(connections(self) - before) == 1)
        [connection] = connections(self) - before
        accepted = connection._socket.get_extra_info("socket")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        caller.say(head("/some", method="GET"))
        await until(lambda: connection._socket.get_write_buffer_size() > 0)
        return caller, connection


def head(path: str = "/", *headers: str, method: str = "POST") -> bytes:
    """Write a head."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def of_length(size: int, path: str = "/") -> bytes:
    """Write the head of a body of `size` bytes."""
    return head(path, f"Content-Length: {size}")


@asynccontextmanager
async def served(
    bound: int = 100, keep_alive_seconds: int = 5, application: Application | None = None
) -> AsyncIterator[Served]:
    """Serve the application on a port of its own."""
    application = application or Application()
    protocol = limited_protocol("public", application)
    protocol.admission.bound = bound
    config = uvicorn.Config(
        application,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=keep_alive_seconds,
    )
    server = uvicorn.Server(config)
    # the tests' own process keeps its signal handlers
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        found = Served(listener.getsockname()[1], server, application, protocol)
        try:
            await until(lambda: server.started)
            yield found
        finally:
            application.released.set()
            for caller in found.callers:
                caller.writer.close()
            server.should_exit = server.force_exit = True  # nobody waits for the callers any more
            await serving


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  there is no event for it
            await asyncio.sleep(0.01)


async def until_free() -> None:
    """Wait until no body is held."""
    await until(lambda: BODIES.bytes == 0)


def connections(served: Served) -> set[Any]:
    """Give the connections that a server counts."""
    return set(served.protocol.admission._connections)
