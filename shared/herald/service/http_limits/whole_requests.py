"""Requests that came whole, to an application that takes them without a task for each.

Head and body of a small request mostly come in one piece. What does not, what waits behind another
request on its connection, and what the application leaves, is called as any other.
"""

from __future__ import annotations

import asyncio
from functools import partial
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


Answer = asyncio.Future[WholeResponse]


@runtime_checkable
class TakesWhole(Protocol):
    """An ASGI application that takes requests this way, too."""

    def take(self, request: WholeRequest) -> Answer | None:
        """Begin with a request; None: it is to be called for it as ASGI has it.

        The answer is awaited when the service stops, and cancelled when that takes too long.
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
        request = WholeRequest(self.url, self.headers, bytes(held.body))
        answer = self.application.take(request)
        if answer is None:
            self._call_held(held)
            return
        self._held = None
        self.tasks.add(answer)  # type: ignore[arg-type]  # uvicorn waits for them, or cancels them
        answer.add_done_callback(partial(self._answer, held))

    def _begin(self, cycle: Exchange) -> None:
        if self.parser.get_method() == b"POST" and not self.expect_100_continue:
            self._held = cycle
        else:
            super()._begin(cycle)

    def _call_held(self, cycle: Exchange) -> None:
        self._held = None
        super()._begin(cycle)

    def _answer(self, cycle: Exchange, answer: Answer) -> None:
        self._end_call(cycle, answer)
        is_usual = not answer.cancelled() and answer.exception() is None
        if is_usual and cycle.is_answered_by(answer.result()):
            cycle.on_response = _nothing  # as uvicorn does it, for the collector's sake
        else:
            cycle.scope = _SCOPE
            self._start_asgi_task(cycle, _answered_late(answer))


def _answered_late(answer: Answer) -> ASGI3Application:
    """Answer as ASGI has it: what went wrong is logged, and who reads slowly is waited for."""

    async def send_it(_: Scope, __: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        response = await answer
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
