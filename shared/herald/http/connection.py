"""One connection: a request out, its response in, one at a time."""

from __future__ import annotations

import asyncio
import select
from functools import partial
from typing import cast

from herald.http.deadline import Deadline
from herald.http.errors import ResponseLostError, UnreadableError, UnusedError
from herald.http.parsing import ResponseParser
from herald.http.response import HttpResponse
from herald.http.streaming import Stream

_JOINED = 64 * 1024  # bytes of body: copying fewer costs less than another write


class Connection(asyncio.Protocol):
    """A connection with an origin, used by one call at a time.

    A server may close an idle connection at the moment we use it again. What was written then may
    have been read, for all we know; so we look just before the first byte, and write none if it is
    closed.
    """

    def __init__(self, largest: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = ResponseParser(largest)
        self._waiter: asyncio.Future[HttpResponse] | None = None
        self._deadline = Deadline(partial(self._lose, "read_timeout"))
        self._poll = select.poll()
        self.served = False  # it has carried a request
        self.idle_since = 0.0  # by the loop's clock
        self.lost: asyncio.Future[None] = self._loop.create_future()

    @property
    def is_reusable(self) -> bool:
        """Whether another request may follow the last one."""
        return (
            self._parser.reusable
            and not self._transport.is_closing()
            and not self._transport.get_write_buffer_size()  # an early response
        )

    async def exchange(
        self,
        head: bytes,
        body: bytes,
        deadline: float,
        *,
        bodiless: bool = False,
        stream: Stream | None = None,
    ) -> HttpResponse:
        """Write a request and return its response, by `deadline` on the loop's clock.

        A `stream` is given the response as it arrives; what is returned then has no body.

        Raises:
            UnusedError: it was closed before the first byte.
            ResponseLostError: the request may have been taken.
        """
        transport = self._transport
        if transport.is_closing() or (self.served and self._poll.poll(0)):
            # what is to be read came unasked: the server's end, or its words before it
            transport.abort()
            raise UnusedError
        self.served = True
        self._parser.begin(bodiless=bodiless, receiver=stream)
        self._waiter = waiter = self._loop.create_future()
        self._deadline.set(deadline)
        if stream is not None:
            stream.attach(transport)
        try:
            if len(body) <= _JOINED:
                transport.write(head + body)
            else:
                transport.write(head)
                # under TLS only what comes behind a full buffer shows in the transport's
                transport.write(memoryview(body)[:-1])
                transport.write(body[-1:])
            response: HttpResponse = await waiter
            return response
        finally:
            self._deadline.clear()
            if stream is not None:
                stream.detach()
            if self._waiter is not None:  # nobody waits any more
                self._waiter = None
                transport.abort()

    def close(self) -> None:
        """Close it in order; a call that has it is lost."""
        if self._waiter is not None:
            self._lose("disconnected")
        elif self._transport.get_write_buffer_size():  # for a server that has answered already
            self._transport.abort()
        else:
            self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where requests go."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Read on; what nobody asked for ends the connection."""
        if self._waiter is None:
            self._transport.abort()
            return
        try:
            response = self._parser.feed(data)
        except UnreadableError:
            self._lose("answer_unreadable")
            return
        if response is not None:
            self._give(response)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the call that waits: its response may end with the connection."""
        self._deadline.stop()
        if not self.lost.done():
            self.lost.set_result(None)
        if self._waiter is None:
            return
        try:
            response = None if exc is not None else self._parser.end()
        except UnreadableError:
            self._lose("answer_unreadable")
            return
        if response is not None:
            self._give(response)
        elif self._parser.begun:
            self._lose("answer_cut")
        else:
            self._lose("disconnected" if exc is None else "connection_reset")

    def _give(self, response: HttpResponse) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(response)

    def _lose(self, code: str) -> None:
        waiter, self._waiter = self._waiter, None
        self._transport.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(ResponseLostError(code))
