"""Requests that came whole, to an application that takes them without a task for each.

Head and body of a small request mostly come in one piece. What does not, what waits behind another
request on its connection, and what the application leaves, is called as any other.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Protocol, cast, runtime_checkable

from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Scope,
)

from herald.service.http_limits.exchange import Exchange, WholeResponse
from herald.service.http_limits.protocol import LimitedProtocol

# what uvicorn reads of a scope while it answers; the request's own is not at hand any more
_SCOPE = cast(
    "HTTPScope",
    {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "",
        "query_string": b"",
        "client": None,
    },
)


class WholeRequest(NamedTuple):
    """A POST as it came."""

    target: bytes  # path and query
    headers: list[tuple[bytes, bytes]]  # names in lower case
    body: bytes


class Answer(Protocol):
    """The answer to a request that was taken, as its application sees it."""

    @property
    def is_over(self) -> bool:
        """Whether it was given, or is not waited for any more."""
        ...

    def give(self, response: WholeResponse) -> None:
        """Send it. Once; it may not be asked for when it is over."""
        ...


@runtime_checkable
class TakesWhole(Protocol):
    """An ASGI application that takes requests this way, too."""

    def take(self, request: WholeRequest, answer: Answer) -> bool:
        """Begin with a request; False: it is to be called for it as ASGI has it.

        The answer is awaited when the service stops, and over when that takes too long.
        """
        ...


class WholeRequestsProtocol(LimitedProtocol):
    """A limited connection to such an application."""

    application: TakesWhole  # of its listener: a class of its own each
    _held: Exchange | None = None  # its request is being read; nobody was called for it yet

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._held is not None:  # more of it is to come, or it was refused
            self._call_held(self._held)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        held = self._held
        if held is None:
            return
        request, taken = WholeRequest(self.url, held.headers, bytes(held.body)), _Taken(self, held)
        if not self.application.take(request, taken):
            self._call_held(held)
            return
        self._held = None
        if not taken.is_over:
            self.tasks.add(taken)  # type: ignore[arg-type]  # uvicorn waits for it, or cancels it

    def _begin(self, cycle: Exchange) -> None:
        if self.parser.get_method() == b"POST" and not self.expect_100_continue:
            self._held = cycle
        else:
            super()._begin(cycle)

    def _call_held(self, cycle: Exchange) -> None:
        self._held = None
        super()._begin(cycle)

    def answer(self, taken: _Taken, response: WholeResponse | None) -> None:
        """Answer a request that was taken; None: its application did not in time."""
        cycle = taken.cycle
        self._end_call(cycle, taken)  # type: ignore[arg-type]  # it ends like a task
        if response is not None and cycle.is_answered_by(response):
            cycle.on_response = _nothing  # as uvicorn does it, for the collector's sake
        else:
            cycle.scope = _SCOPE
            self._start_asgi_task(cycle, _given_up if response is None else _sending(response))


class _Taken:
    """A request that its application works on; to uvicorn a task."""

    __slots__ = ("_connection", "cycle", "is_over")

    def __init__(self, connection: WholeRequestsProtocol, cycle: Exchange) -> None:
        self._connection = connection
        self.cycle = cycle
        self.is_over = False

    def give(self, response: WholeResponse) -> None:
        self.is_over = True
        self._connection.answer(self, response)

    def cancel(self, msg: str) -> None:  # noqa: ARG002
        """Give up; later, for uvicorn goes through those that it cancels."""
        self.is_over = True
        self._connection.loop.call_soon(self._connection.answer, self, None)


async def _given_up(_: Scope, __: ASGIReceiveCallable, ___: ASGISendCallable) -> None:
    raise asyncio.CancelledError  # as a task would that was cancelled


def _sending(response: WholeResponse) -> ASGI3Application:
    """Answer as ASGI has it: who reads slowly is waited for."""

    async def send_it(_: Scope, __: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await send(
            HTTPResponseStartEvent(
                type="http.response.start", status=response.status, headers=response.all_headers
            )
        )
        await send(
            HTTPResponseBodyEvent(type="http.response.body", body=response.body, more_body=False)
        )

    return send_it


def _nothing() -> None:
    pass
