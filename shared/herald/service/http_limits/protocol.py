"""uvicorn's HTTP protocol with limits before the application: head, body, time, connections.

A subclass: what it takes for granted of uvicorn and httptools is pinned in a test of their own,
`tests/unit/shared/http_limits/test_library_contract.py`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from herald.service.http_limits.admission import Admission
from herald.service.http_limits.body_budget import BodyBudget
from herald.service.http_limits.deadlines import NEVER, TimedProtocol
from herald.service.http_limits.exchange import Exchange, has_path
from herald.service.http_limits.metrics import BODY_BYTES, Refusal, refused
from herald.service.http_limits.phases import Phase
from herald.service.http_limits.polite_transport import PoliteTransport
from herald.service.http_limits.refusals import response
from herald.service.rate_limited_log import RateLimitedLog

MAX_HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 10.0  # from its first byte
IDLE_SECONDS = 30.0  # before the first request; after a response it is uvicorn's own setting
BODY_SECONDS = 15.0  # from its head; an application may give less
MAX_PIPELINED = 8  # requests that wait for an answer to the one before
# what of a refused body is still read, and thrown away, so that the caller gets to read its answer
DISCARD_BYTES = 8 * 1024 * 1024
DISCARD_SECONDS = 5.0
DISCARD_PAUSE_SECONDS = 0.01


class _RefusedError(Exception):
    """Stops the parser: the connection is being closed."""


BODIES: BodyBudget[RequestResponseCycle] = BodyBudget()  # of the whole process
BODY_BYTES.set_function(lambda: BODIES.bytes)
_limited_log = RateLimitedLog()


class LimitedProtocol(TimedProtocol):
    """One connection of a caller, who may be anybody."""

    admission: Admission  # of its listener: a class of its own each

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phase = Phase.IDLE
        self._unread = 0  # bytes since the parser last had something whole
        self._fed = 0  # bytes at once
        self._fed_to_head = 0  # bytes among which the latest head is
        self._patience: float | None = None  # for what the caller owes since the latest bytes
        self._discarded = 0
        self.is_leaving = False  # whatever comes now is thrown away
        self._is_overrun = False

    # a connection
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", PoliteTransport(transport, self))
        self._wait(IDLE_SECONDS)
        if not self.admission.enter(self):
            self._refuse(Refusal.TOO_MANY_CONNECTIONS)
            if not self.admission.may_explain:
                self._socket.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.admission.lose(self)
        for cycle, _ in self.pipeline:  # these never ran
            BODIES.release(cycle)
        self.pipeline.clear()
        super().connection_lost(exc)

    def leave(self) -> None:
        if self._socket.get_write_buffer_size():  # a close would wait for it, and nobody for that
            self._socket.abort()
        else:
            self._socket.close()

    def expire(self, now: float) -> None:
        if self._socket.is_closing() or self.is_leaving:
            self._socket.abort()
        elif self._untaken_until <= now:
            refused(Refusal.NOT_READING).inc()
            self._socket.abort()
        elif self.phase is Phase.HEAD:
            self._refuse(Refusal.HEAD_TOO_SLOW)
        elif self.phase is Phase.BODY and not self.cycle.response_complete:
            self._refuse(Refusal.BODY_TOO_SLOW)
        else:
            self._close()

    # reading
    def data_received(self, data: bytes) -> None:
        if self.is_leaving or self._is_overrun:
            self._discard(len(data))
            return
        self._fed = size = len(data)
        self._unread += size
        self._fed_to_head += size
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # answered as what it is without the upgrade
            self._is_overrun = True
        except httptools.HttpParserError as error:
            if not isinstance(error.__context__, _RefusedError):
                self._refuse(Refusal.MALFORMED)
            return
        if self._patience is not None:
            self._wait(self._patience)
            self._patience = None
        if self._unread > MAX_HEAD_BYTES:
            self._refuse(Refusal.HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._fed_to_head = self._fed
        self.admission.busy(self)
        self.phase = Phase.HEAD
        self._patience = HEAD_SECONDS

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._unread = 0
        if self._fed_to_head > MAX_HEAD_BYTES and self._head_bytes() > MAX_HEAD_BYTES:
            self._refuse(Refusal.HEAD_TOO_LARGE)
            raise _RefusedError
        if len(self.pipeline) >= MAX_PIPELINED:
            self.pipeline[0][0].keep_alive = False  # the last to be answered
            self._is_overrun = True
            self._is_sent()
            raise _RefusedError
        if not has_path(self.url):
            self._refuse(Refusal.MALFORMED)
            raise _RefusedError
        self._call()
        self.headers = []  # of trailers, which are nobody's
        self._discarded = 0
        self.phase = Phase.BODY
        self._patience = BODY_SECONDS

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def on_chunk_header(self) -> None:
        self._unread = 0

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        cycle = self.cycle
        if cycle.response_complete:
            self._discard(len(body))
        elif BODIES.take(cycle, len(body), self._give_way):
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()
        else:
            self._refuse(Refusal.NO_ROOM_FOR_BODY)
            raise _RefusedError

    def on_message_complete(self) -> None:
        self._unread = 0
        cycle = self.cycle
        BODIES.whole(cycle)
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()
        self._is_sent()
        if cycle.response_complete and not self.transport.is_closing():
            self._rest()

    # answering
    def _call(self) -> None:
        """Call the application, now or when the calls before are answered."""
        before, self.cycle = self.cycle, Exchange(self)
        self.cycle.keep_alive = self.cycle.keep_alive and not self.admission.is_closing
        if before is None or before.response_complete:
            self._begin(self.cycle)
        else:
            self.cycle.describe(self)
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _begin(self, cycle: Exchange) -> None:
        """Begin with the request whose head was just read, the only one under way."""
        cycle.describe(self)
        self._start_asgi_task(cycle, self.app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)
        task.add_done_callback(partial(self._end_call, cycle))

    def _end_call(self, cycle: RequestResponseCycle, task: asyncio.Future[Any]) -> None:
        self.tasks.discard(task)
        BODIES.release(cycle)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        is_open = not self.transport.is_closing()
        if is_open:
            self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())
        if self.phase is Phase.BODY and not self.is_leaving:
            self._wait(DISCARD_SECONDS)
        elif is_open and self.phase is Phase.SENT and self.cycle.response_complete:
            self._rest()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: anyone could fill the log with it."""

    # ending
    def _refuse(self, refusal: Refusal) -> None:
        """Answer for the application, where that is possible, and close.

        The connection may be closing: its caller is answered already, or hears nothing more.
        """
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        is_late = is_answering and (cycle.response_started or self.phase is Phase.HEAD)
        if is_answering:
            cycle.disconnected = True  # what the application still says goes nowhere
            cycle.message_event.set()
        if self.transport.is_closing():
            return
        refused(refusal).inc()
        _limited_log.warning("http.refused", about=refusal.value)
        if not is_late and not self.pipeline:
            self._socket.write(response(refusal, self.server_state.default_headers))
        self._leave_politely()

    def _give_way(self) -> None:
        self._refuse(Refusal.NO_ROOM_FOR_BODY)

    def close_politely(self) -> None:
        """Close as the application wants it, yet so that the caller can read its answer.

        Bytes that nobody has read make the kernel send a reset, and the answer is lost.
        """
        if self.phase is Phase.BODY:
            self._leave_politely()
        else:
            self._close()

    def _leave_politely(self) -> None:
        if self.is_leaving or self._socket.is_closing():
            return
        self.is_leaving = True
        self._discarded = 0
        self.admission.busy(self)
        self._wait(DISCARD_SECONDS)
        self.flow.resume_reading()
        self._socket.write_eof()

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > DISCARD_BYTES:
            self._close()
        else:  # in the time that others leave
            self.flow.pause_reading()
            self.loop.call_later(DISCARD_PAUSE_SECONDS, self._read_on)

    def _read_on(self) -> None:
        if not self._socket.is_closing():
            self.flow.resume_reading()

    def _is_sent(self) -> None:
        self.phase = Phase.SENT
        self._patience = None
        self._owed_until = NEVER

    def _rest(self) -> None:
        self.phase = Phase.IDLE
        self._wait(self.timeout_keep_alive)
        self.admission.idle(self)
