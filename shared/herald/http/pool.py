"""Connections kept for the next call, and how many calls may be under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from herald.http.connection import Connection
from herald.http.errors import NotSentError
from herald.http.request import Origin

_CLOSING_SECONDS = 1.0

Open = Callable[[Origin], Awaitable[Connection]]


class Pool:
    """The connections of one client, of which each call takes one and gives it back.

    `most` calls at once have one, and the others wait.
    """

    def __init__(self, open_one: Open, most: int, kept_seconds: float) -> None:
        self._open = open_one
        self._most = most
        self._kept_seconds = kept_seconds
        self._turns = asyncio.Semaphore(most)
        self._connections: set[Connection] = set()
        self._idle: dict[Origin, list[Connection]] = {}  # that idle longest first
        self._loop = asyncio.get_running_loop()
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def take_idle(self, origin: Origin) -> Connection | None:
        """Return an idle connection, which is the call's own now; waits for nothing."""
        if self._turns.locked():
            return None
        connection = self._idle_one(origin)
        if connection is not None:
            await self._turns.acquire()  # at once
        return connection

    async def take(self, origin: Origin) -> Connection:
        """Return a connection that is the call's own now, an idle one or a new one.

        Raises:
            NotSentError: there is none.
        """
        await self._turns.acquire()
        try:
            return self._idle_one(origin) or await self._new_one(origin)
        except BaseException:
            self._turns.release()
            raise

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection if it may carry another call."""
        self._turns.release()
        if self._is_closed or not connection.is_reusable:
            self._drop(connection)
            return
        connection.idle_since = self._loop.time()
        self._idle.setdefault(origin, []).append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._kept_seconds, self._drop_old)

    async def close(self) -> None:
        """Close every connection; a call that has one is lost, and one without is not made."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        closing = [*self._connections]
        for connection in closing:
            self._drop(connection)
        self._idle.clear()
        if closing:
            await asyncio.wait([it.lost for it in closing], timeout=_CLOSING_SECONDS)
        for connection in closing:
            connection.abort()

    def _idle_one(self, origin: Origin) -> Connection | None:
        """Return the one that idled least, so that those that are too many grow old."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if self._loop.time() - connection.idle_since < self._kept_seconds:
                return connection
            self._drop(connection)
        return None

    async def _new_one(self, origin: Origin) -> Connection:
        if self._is_closed:
            raise NotSentError("stopped")
        if len(self._connections) >= self._most:
            self._drop_one()
        connection = await self._open(origin)
        self._connections.add(connection)
        if self._is_closed:
            self._drop(connection)
            raise NotSentError("stopped")
        return connection

    def _drop_one(self) -> None:
        """Make room: what idles with another origin is in the way."""
        for idle in self._idle.values():
            if idle:
                self._drop(idle.pop(0))
                return

    def _drop_old(self) -> None:
        self._sweep = None
        old = self._loop.time() - self._kept_seconds
        for origin, idle in [*self._idle.items()]:
            for connection in idle:
                if connection.idle_since <= old:
                    self._drop(connection)
            idle[:] = [it for it in idle if it in self._connections]
            if not idle:
                del self._idle[origin]
        since = [idle[0].idle_since for idle in self._idle.values()]
        if since:
            self._sweep = self._loop.call_at(min(since) + self._kept_seconds, self._drop_old)

    def _drop(self, connection: Connection) -> None:
        self._connections.discard(connection)
        connection.close()
