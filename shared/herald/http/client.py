"""Calls by HTTP, and the question that matters when one fails: whether it was sent."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from yarl import URL

from herald.http.connection import Connection
from herald.http.errors import NotSentError, UnusedError
from herald.http.opening import open_connection
from herald.http.pool import Pool
from herald.http.request import Origin, endpoint, write_head
from herald.http.response import HttpResponse
from herald.http.streaming import Stream
from herald.http.trust import verifying
from herald.http.ways import SystemWay, Way

CONNECT_SECONDS = 3.0
MAX_RESPONSE_BYTES = 1024 * 1024
MAX_CONNECTIONS = 400  # as many calls as a worker has slots: none waits for a connection
# Shorter than servers keep idle connections (Node, Apache and uvicorn: 5 s): a call written to one
# that is just being closed might have been taken, for all we know.
KEEP_ALIVE_SECONDS = 4.0
_WAY_SHARE = 0.9  # of the time to connect


class HttpClient:
    """The calls of one account by one way: own connections, own time limit.

    No redirects, no cookies. Without a `way` calls leave as the system has it. A response's body of
    more than `largest` bytes is cut: longer than that, and not whole.
    """

    def __init__(
        self,
        timeout: timedelta,
        *,
        way: Way | None = None,
        max_connections: int = MAX_CONNECTIONS,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
        largest: int = MAX_RESPONSE_BYTES,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._keep_alive = keep_alive_seconds
        self._largest = largest
        self._way = way or SystemWay()
        self._tls = tls  # None: as the system trusts when it starts
        self._timeout = timeout.total_seconds()
        # Ends before the whole does: a call that got no connection was provably not sent. Covers
        # the wait for a free connection, the name, TCP and TLS.
        self._connect = min(CONNECT_SECONDS, self._timeout / 2)
        self._pool: Pool | None = None
        self._clock = time.monotonic  # the loop's, once there is one

    async def start(self) -> None:
        """Make ready to call; needs a running loop."""
        self._tls = self._tls or verifying()
        self._clock = asyncio.get_running_loop().time
        self._pool = Pool(self._open, self._max_connections, self._keep_alive)

    async def stop(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.close()

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Make one POST, as `request` does."""
        return await self.request("POST", url, headers=headers, body=body)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpResponse:
        """Make one request, which may be one that must not be made twice.

        A connection found closed before the first byte is no try: another one is taken.

        Raises:
            NotSentError: it was not sent.
            ResponseLostError: it may have been taken.
            ValueError: its header fields can't be sent.
        """
        return await self._call(method, url, headers, body)

    @asynccontextmanager
    async def get(self, url: str | URL, *, headers: Mapping[str, str]) -> AsyncIterator[Stream]:
        """Get what may be large: its head is there, and its body is read as it arrives.

        What is not read is given up.

        Raises:
            NotSentError: it was not asked for.
            ResponseLostError: it did not come, or not whole.
        """
        stream = Stream()
        call = asyncio.create_task(self._call("GET", url, headers, b"", stream))
        call.add_done_callback(stream.end)
        try:
            await stream.wait_for_head()
            yield stream
        finally:
            call.cancel()

    async def _call(
        self,
        method: str,
        url: str | URL,
        headers: Mapping[str, str],
        body: bytes,
        stream: Stream | None = None,
    ) -> HttpResponse:
        assert self._pool is not None, "start() comes first"
        try:
            to = endpoint(method, url, *headers)
        except ValueError:
            raise NotSentError("url") from None
        head = write_head(to, headers, len(body))
        deadline = self._clock() + self._timeout
        while True:
            connection = await self._connection(self._pool, to.origin, deadline)
            reused = connection.served
            try:
                return await connection.exchange(
                    head, body, deadline, bodiless=to.is_bodiless, stream=stream
                )
            except UnusedError:
                if not reused:
                    raise NotSentError("disconnected") from None
            finally:
                self._pool.give_back(to.origin, connection)

    async def _connection(self, pool: Pool, origin: Origin, deadline: float) -> Connection:
        idle = await pool.take_idle(origin)
        if idle is not None:
            return idle  # as most calls do, without a time limit
        limit = min(self._clock() + self._connect, deadline)
        try:
            async with asyncio.timeout_at(limit):
                return await pool.take(origin)
        except TimeoutError:
            raise NotSentError("connect_timeout") from None

    async def _open(self, origin: Origin) -> Connection:
        assert self._tls is not None, "start() comes first"
        # the way ends before the whole connecting does, so that its code says where it stopped
        seconds = self._connect * _WAY_SHARE
        return await open_connection(origin, self._way, seconds, self._tls, self._largest)
