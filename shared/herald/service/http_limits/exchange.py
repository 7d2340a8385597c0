"""One request and its response: uvicorn's cycle, and a whole response in one write."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import NamedTuple, Self
from urllib.parse import unquote

import httptools
from uvicorn._types import ASGISendEvent, HTTPResponseStartEvent, HTTPScope
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


class Exchange(RequestResponseCycle):
    """Holds a head that announces a length until its body comes, and writes both together.

    Everything else is uvicorn's: what is streamed, what closes the connection, what is wrong.
    """

    _held: tuple[HTTPResponseStartEvent, _Head] | None = None

    @classmethod
    def begun(cls, connection: HttpToolsProtocol) -> Self:
        """Make the exchange of a request whose head was read on a connection."""
        version = connection.parser.get_http_version()
        connection.scope = _scope(connection, version)
        return cls(
            scope=connection.scope,
            transport=connection.transport,
            flow=connection.flow,
            logger=connection.logger,
            access_logger=connection.access_logger,
            access_log=connection.access_log,
            default_headers=connection.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=connection.expect_100_continue,
            keep_alive=version != "1.0" and connection.parser.should_keep_alive(),
            on_response=connection.on_response_complete,
        )

    async def send(self, message: ASGISendEvent) -> None:
        held, self._held = self._held, None
        if message["type"] == "http.response.start" and not self.response_started:
            head = _head(tuple(map(tuple, message.get("headers", ()))), message["status"])
            if head is not None:
                self._held = message, head
                return
        elif held is not None:
            if self._is_written(*held, message):
                return
            await super().send(held[0])
        await super().send(message)

    def _is_written(
        self, start: HTTPResponseStartEvent, head: _Head, message: ASGISendEvent
    ) -> bool:
        """Write a whole response; False: it is not one, or must not be written now."""
        if message["type"] != "http.response.body" or message.get("more_body", False):
            return False
        body = message.get("body", b"")
        is_sendable = not self.disconnected and not self.flow.write_paused
        if len(body) != head.body_bytes or not is_sendable or self.scope["method"] == "HEAD":
            return False
        closing = b"" if self.keep_alive else b"connection: close\r\n"
        always = _lines(tuple(self.default_headers))
        status = STATUS_LINE[start["status"]]
        self.transport.write(b"".join((status, always, head.lines, closing, b"\r\n", body)))
        self.waiting_for_100_continue = False
        self.response_started = self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


def _scope(connection: HttpToolsProtocol, version: str) -> HTTPScope:
    url = httptools.parse_url(connection.url)
    path = url.path.decode("ascii")
    return {
        "type": "http",
        "asgi": {"version": connection.asgi_version, "spec_version": "2.3"},
        "http_version": version,
        "server": connection.server,
        "client": connection.client,
        "scheme": connection.scheme or "http",
        "method": connection.parser.get_method().decode("ascii"),
        "root_path": "",  # a proxy's work
        "path": unquote(path) if "%" in path else path,
        "raw_path": url.path,
        "query_string": url.query or b"",
        "headers": connection.headers,
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
