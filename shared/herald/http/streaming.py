"""A response whose body is read as it arrives."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping

from herald.http.errors import ResponseLostError
from herald.http.response import HttpResponse

_MOST_UNREAD = 256 * 1024  # bytes; the server waits with more


class Stream:
    """The response to one call. Its connection, its call and its reader each know a part of it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._pieces: deque[bytes] = deque()
        self._unread = 0  # bytes
        self._has_head = False
        self._is_over = False
        self._error: BaseException | None = None
        self._news = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._is_paused = False

    @property
    def length(self) -> int | None:
        """The body's length, where the server says it."""
        length = self.headers.get("Content-Length")
        return None if length is None else int(length)

    async def wait_for_head(self) -> None:
        """Return once status and headers are there.

        Raises:
            NotSentError, ResponseLostError: they never will be.
        """
        while not self._has_head:
            await self._wait()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read the body to its end.

        Raises:
            ResponseLostError: it is cut.
        """
        while self._pieces or not (self._is_over and self._error is None):
            if not self._pieces:
                await self._wait()
                continue
            piece = self._pieces.popleft()
            self._unread -= len(piece)
            if self._unread <= _MOST_UNREAD:
                self._resume()
            yield piece

    def attach(self, transport: asyncio.Transport) -> None:
        """Know the connection by which it arrives."""
        self._transport = transport

    def detach(self) -> None:
        """Leave the connection as it was: nothing more of the response will come by it."""
        self._resume()
        self._transport = None

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take the head."""
        self.status, self.headers, self._has_head = status, headers, True
        self._news.set()

    def put(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self._pieces.append(piece)
        self._unread += len(piece)
        self._news.set()
        if self._unread > _MOST_UNREAD and self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def end(self, call: asyncio.Task[HttpResponse]) -> None:
        """Take the end of the call."""
        self._is_over = True
        lost = ResponseLostError("given_up")
        self._error = lost if call.cancelled() else call.exception()
        self._news.set()

    async def _wait(self) -> None:
        """Wait for anything new."""
        if self._error is not None:
            raise self._error
        await self._news.wait()
        self._news.clear()

    def _resume(self) -> None:
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
