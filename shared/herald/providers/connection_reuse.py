"""Not writing to a connection that its server has closed already.

A server may close an idle connection at the moment we use it again. What was written then may have
been read, for all we know; so we look just before the first byte, and write none if it is closed.
"""

from __future__ import annotations

import select
from contextvars import ContextVar
from dataclasses import dataclass
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection


@dataclass(slots=True)
class Writing:
    """How far the writing of one request got."""

    reused: bool = False  # it went to a connection that had served before
    begun: bool = False  # a byte of it may have left


_current: ContextVar[Writing] = ContextVar("writing")
_served: WeakSet[object] = WeakSet()  # connections that have carried a request


def watch_writing(body: bytes) -> Writing:
    """Begin to watch the next request of this task; one without a body can't be watched."""
    writing = Writing(begun=not body)
    _current.set(writing)
    return writing


class WatchedRequest(aiohttp.ClientRequest):
    """A request that leaves a closed connection alone."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Note whether the connection served before, and send."""
        protocol = conn.protocol
        if protocol is not None:
            _current.get().reused = protocol in _served
            _served.add(protocol)
        return await super().send(conn)

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        """Write head and body, unless the connection is closed.

        Nothing happens between the look and the first write.
        """
        writing = _current.get()
        transport, protocol = conn.transport, conn.protocol
        if transport is None or transport.is_closing():
            pass  # aiohttp refuses to write to it, and says so
        elif writing.reused and protocol is not None and _is_readable(transport):
            protocol.set_exception(aiohttp.ServerDisconnectedError())
            conn.close()
            return
        else:
            writing.begun = True
        await super().write_bytes(writer, conn, content_length)


def _is_readable(transport: object) -> bool:
    """Say whether the server sent something unasked: its end, or the words before it."""
    descriptor = transport.get_extra_info("socket").fileno()  # type: ignore[attr-defined]
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
