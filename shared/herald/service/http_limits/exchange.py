"""One request and its response: uvicorn's cycle, and a whole response in one write."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeGuard, cast
from urllib.parse import unquote

import httptools
from uvicorn._types import (
    ASGISendEvent,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
)
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

_WITHOUT_BODY = {204, 304}
_MORE_THAN_A_LINE = {b"connection", b"transfer-encoding"}  # to uvicorn

_Headers = tuple[tuple[bytes, ...], ...]


class _Head(NamedTuple):
    lines: bytes
    body_bytes: int


class WholeResponse(Protocol):
    """A response as one object, its length among its headers."""

    @property
    def status(self) -> int: ...

    @property
    def all_headers(self) -> tuple[tuple[bytes, bytes], ...]: ...

    @property
    def body(self) -> bytes: ...


class Exchange(RequestResponseCycle):
    """Holds a head that announces a length until its body comes, and writes both together.

    Everything else is uvicorn's: what is streamed, what closes the connection, what is wrong.
    """

    _held: tuple[HTTPResponseStartEvent, _Head] | None = None

    # how each begins: kept with the class, for setting them anew costs every request
    scope: HTTPScope = cast("HTTPScope", None)
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0

    def __init__(self, connection: HttpToolsProtocol) -> None:
        """Make the exchange of a request whose head was read on a connection.

        As uvicorn's own is made. Its scope is still to be written, by `describe`: not every request
        is called by one.
        """
        parser = connection.parser
        self.headers = connection.headers  # of the request, names in lower case
        self.transport = connection.transport
        self.flow = connection.flow
        self.logger = connection.logger
        self.access_logger = connection.access_logger
        self.access_log = connection.access_log
        self.default_headers = connection.server_state.default_headers
        self.message_event = asyncio.Event()
        self.on_response = connection.on_response_complete
        self.keep_alive = parser.get_http_version() != "1.0" and parser.should_keep_alive()
        self.waiting_for_100_continue = connection.expect_100_continue
        self.body = bytearray()

    def describe(self, connection: HttpToolsProtocol) -> None:
        """Write the scope, while the connection's parser is at this request still."""
        self.scope = connection.scope = _scope(connection, self.headers)

    def is_answered_by(self, response: WholeResponse) -> bool:
        """Write a response; False: uvicorn has to, or the caller does not take it now."""
        head = _head(response.all_headers, response.status)
        return head is not None and self._is_written(response.status, head, response.body)

    async def send(self, message: ASGISendEvent) -> None:
        held, self._held = self._held, None
        if message["type"] == "http.response.start" and not self.response_started:
            head = _head(tuple(map(tuple, message.get("headers", ()))), message["status"])
            if head is not None:
                self._held = message, head
                return
        elif held is not None:
            if self._is_whole(message) and self._is_written(
                held[0]["status"], held[1], message.get("body", b"")
            ):
                return
            await super().send(held[0])
        await super().send(message)

    def _is_whole(self, message: ASGISendEvent) -> TypeGuard[HTTPResponseBodyEvent]:
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        return is_last and self.scope["method"] != "HEAD"

    def _is_written(self, status: int, head: _Head, body: bytes) -> bool:
        """Write a whole response; False: it is not one, or must not be written now."""
        if len(body) != head.body_bytes or self.disconnected or self.flow.write_paused:
            return False
        closing = b"" if self.keep_alive else b"connection: close\r\n"
        always = _lines(tuple(self.default_headers))
        self.transport.write(
            b"".join((STATUS_LINE[status], always, head.lines, closing, b"\r\n", body))
        )
        self.waiting_for_100_continue = False
        self.response_started = self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


def has_path(target: bytes) -> bool:
    """Whether a request's target has a path to call an application with.

    The parser takes others, too: URLs without a path, of a port that is none, of no host. What
    begins with a slash is always a path, for it has looked at each of its bytes.
    """
    if target.startswith(b"/"):
        return True
    try:
        return httptools.parse_url(target).path is not None
    except httptools.HttpParserInvalidURLError:
        return False


def _scope(connection: HttpToolsProtocol, headers: list[tuple[bytes, bytes]]) -> HTTPScope:
    url = httptools.parse_url(connection.url)
    path = url.path.decode("ascii")
    return {
        "type": "http",
        "asgi": {"version": connection.asgi_version, "spec_version": "2.3"},
        "http_version": connection.parser.get_http_version(),
        "server": connection.server,
        "client": connection.client,
        "scheme": connection.scheme or "http",
        "method": connection.parser.get_method().decode("ascii"),
        "root_path": "",  # a proxy's work
        "path": unquote(path) if "%" in path else path,
        "raw_path": url.path,
        "query_string": url.query or b"",
        "headers": headers,
        "state": connection.app_state.copy(),
    }


@lru_cache(maxsize=256)  # applications answer with few different heads
def _head(headers: _Headers, status: int) -> _Head | None:
    """Write a response's headers; None where uvicorn has to: its length is open, or it closes."""
    body_bytes = 0 if status in _WITHOUT_BODY else None
    for name, value in headers:
        if name.lower() in _MORE_THAN_A_LINE or HEADER_RE.search(name):
            return None
        if HEADER_VALUE_RE.search(value):
            return None
        if name.lower() == b"content-length":
            body_bytes = int(value)
    return None if body_bytes is None else _Head(_lines(headers), body_bytes)


@lru_cache(maxsize=256)
def _lines(headers: _Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % (name.lower(), value) for name, value in headers])
