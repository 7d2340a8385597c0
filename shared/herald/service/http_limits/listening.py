"""Listening sockets that outlive a want of descriptors, and hear many callers at once.

uvloop closes a listening socket for good, without a word, when accepting fails with EMFILE: the
process goes on and hears nobody. And it takes one connection a turn of its loop: many new callers
of a busy process would wait for seconds. So its loop is given listeners of our own.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

import uvloop

from herald.service.http_limits.metrics import ACCEPT_FAILURES
from herald.service.rate_limited_log import RateLimitedLog

ACCEPTED_AT_ONCE = 32  # then others get their turn
PAUSE_SECONDS = 0.25  # once there are no descriptors
# what one caller may send in a turn of the loop, and leave with the kernel, which doubles it
RECEIVE_BUFFER_BYTES = 64 * 1024
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

ProtocolFactory = Callable[[], asyncio.BaseProtocol]

_limited_log = RateLimitedLog()


class Listener:
    """Accepts connections on sockets that listen already, and owns those sockets."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        factory: ProtocolFactory,
        sockets: list[socket.socket],
    ) -> None:
        self.sockets = tuple(sockets)
        self._loop = loop
        self._factory = factory
        self._starting: set[asyncio.Task[Any]] = set()
        self._pauses: dict[socket.socket, asyncio.TimerHandle] = {}
        for listening in sockets:
            listening.setblocking(False)
            # accepted connections inherit it
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            self._resume(listening)

    def close(self) -> None:
        """Accept no more. What was accepted is not touched."""
        sockets, self.sockets = self.sockets, ()
        for listening in sockets:
            pause = self._pauses.pop(listening, None)
            if pause is None:
                self._loop.remove_reader(listening)
            else:
                pause.cancel()
            listening.close()

    async def wait_closed(self) -> None:
        if self._starting:
            await asyncio.wait(self._starting)

    def _resume(self, listening: socket.socket) -> None:
        self._pauses.pop(listening, None)
        self._loop.add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._pause(listening, error)
                return
            task = self._loop.create_task(self._start(connection))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def _start(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._factory, connection)
        except OSError:  # the caller left meanwhile
            connection.close()

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        ACCEPT_FAILURES.inc()
        _limited_log.warning(
            "http.accept_failed",
            about=errno.errorcode[error.errno or 0],
            action="raise the limit of open files, or run more replicas",
        )
        self._loop.remove_reader(listening)
        self._pauses[listening] = self._loop.call_later(PAUSE_SECONDS, self._resume, listening)


class Loop(uvloop.Loop):
    """uvloop's, with listeners that go on listening."""

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: ProtocolFactory,
        host: str | None = None,
        port: int | None = None,
        *,
        sock: socket.socket | None = None,
        backlog: int = 100,
        ssl: None = None,  # noqa: ARG002  a proxy's work
    ) -> Listener:
        """Listen on `sock`, or on every address of `host`.

        Raises:
            OSError: an address can't be had.
        """
        sockets = [sock] if sock is not None else await bound_sockets(host, port)
        for listening in sockets:
            listening.listen(backlog)
        return Listener(self, protocol_factory, sockets)


async def bound_sockets(host: str | None, port: int | None) -> list[socket.socket]:
    """Take every address of `host`, and accept nothing there yet.

    Raises:
        OSError: an address can't be had.
    """
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sockets: list[socket.socket] = []
    try:
        for family, kind, number, _, address in dict.fromkeys(found):
            listening = socket.socket(family, kind, number)
            sockets.append(listening)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind(address)
    except OSError:
        for listening in sockets:
            listening.close()
        raise
    return sockets
