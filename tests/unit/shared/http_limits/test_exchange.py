"""A response's way to its connection: whole in one write, or as uvicorn does it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from types import SimpleNamespace
from typing import Any, cast

import httptools
import pytest
from uvicorn._types import HTTPScope
from uvicorn.protocols.http.flow_control import FlowControl

from herald.service.http_limits.exchange import Exchange

OK = b"HTTP/1.1 200 OK\r\n"
DATE = b"date: now\r\n"


class Connection(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


class Reading:
    """Reads a head."""

    def __init__(self) -> None:
        self.target = b""
        self.is_read = False

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_headers_complete(self) -> None:
        self.is_read = True


def exchange(connection: Connection, method: str = "POST", *, keep_alive: bool = True) -> Exchange:
    protocol: Any = SimpleNamespace(
        parser=SimpleNamespace(
            get_http_version=lambda: "1.1", should_keep_alive=lambda: keep_alive
        ),
        headers=[],
        transport=connection,
        flow=FlowControl(connection),
        logger=logging.getLogger("test"),
        access_logger=logging.getLogger("test"),
        access_log=False,
        server_state=SimpleNamespace(default_headers=[(b"date", b"now")]),
        expect_100_continue=False,
        on_response_complete=lambda: None,
    )
    made, scope = Exchange(protocol), {"type": "http", "method": method}
    made.scope = cast("HTTPScope", scope)
    return made


def start(*headers: tuple[bytes, bytes], status: int = 200) -> Any:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> Any:
    return {"type": "http.response.body", "body": data, "more_body": more}


LENGTH = (b"Content-Length", b"2")


@pytest.mark.parametrize("place", [b"/%b", b"/a%ba", b"/a?%b", b"/a?b#%b", b"/a#%b?"])
def test_what_begins_with_a_slash_is_a_path(place: bytes) -> None:
    """Of whatever bytes: the parser lets none through that the reading of URLs refuses."""
    for each in range(256):
        connection = Reading()
        with contextlib.suppress(httptools.HttpParserError):
            httptools.HttpRequestParser(connection).feed_data(
                b"GET " + place % bytes([each]) + b" HTTP/1.1\r\n\r\n"
            )
        assert not connection.is_read or httptools.parse_url(connection.target).path.decode("ascii")


async def test_a_whole_response_is_one_write() -> None:
    """A head that announces its body goes with it, the server's own headers first."""
    connection = Connection()
    call = exchange(connection)
    await call.send(start(LENGTH))
    assert connection.writes == []
    await call.send(body(b"hi"))
    assert connection.writes == [OK + DATE + b"content-length: 2\r\n\r\nhi"]
    assert call.response_complete
    assert not connection.is_closed


async def test_a_response_without_a_body_is_one_write() -> None:
    """204 needs no length."""
    connection = Connection()
    call = exchange(connection)
    await call.send(start(status=204))
    await call.send(body(b""))
    assert connection.writes == [b"HTTP/1.1 204 No Content\r\n" + DATE + b"\r\n"]


async def test_a_connection_that_is_not_kept_is_closed() -> None:
    """The response says so, and the connection ends after it."""
    connection = Connection()
    call = exchange(connection, keep_alive=False)
    await call.send(start(LENGTH))
    await call.send(body(b"hi"))
    assert connection.writes == [OK + DATE + b"content-length: 2\r\nconnection: close\r\n\r\nhi"]
    assert connection.is_closed


@pytest.mark.parametrize(
    ("headers", "parts"),
    [
        ((), [b"2\r\nhi\r\n", b"0\r\n\r\n"]),
        ((LENGTH,), [b"h", b"i"]),
        (((b"connection", b"close"), LENGTH), [b"hi"]),
    ],
    ids=["no length", "in pieces", "closing"],
)
async def test_other_responses_are_uvicorns(
    headers: tuple[tuple[bytes, bytes], ...], parts: list[bytes]
) -> None:
    """What is streamed or closes the connection is written piece by piece."""
    connection = Connection()
    call = exchange(connection)
    await call.send(start(*headers))
    if parts == [b"h", b"i"]:
        await call.send(body(b"h", more=True))
        await call.send(body(b"i"))
    else:
        await call.send(body(b"hi"))
    said = b"".join(connection.writes)
    assert said.startswith(OK + DATE)
    assert said.endswith(b"\r\n\r\n" + b"".join(parts))
    assert call.response_complete
    assert connection.is_closed == (b"close" in said)


async def test_a_head_request_gets_no_body() -> None:
    """HEAD is answered with the length alone."""
    connection = Connection()
    call = exchange(connection, "HEAD")
    await call.send(start(LENGTH))
    await call.send(body(b"hi"))
    assert b"".join(connection.writes) == OK + DATE + b"content-length: 2\r\n\r\n"


@pytest.mark.parametrize("header", [(b"a\r\nb", b"c"), (b"a", b"b\r\nc: d")])
async def test_a_header_never_holds_another_line(header: tuple[bytes, bytes]) -> None:
    """What would split the response is refused, and nothing of it written."""
    connection = Connection()
    with pytest.raises(RuntimeError):
        await exchange(connection).send(start(header, LENGTH))
    assert connection.writes == []


async def test_a_body_of_another_length_is_a_defect() -> None:
    """A body that is not as long as announced is refused, as uvicorn does."""
    call = exchange(Connection())
    await call.send(start(LENGTH))
    with pytest.raises(RuntimeError, match="longer"):
        await call.send(body(b"long"))


async def test_a_caller_that_left_hears_nothing() -> None:
    """Nothing is written once the exchange was given up."""
    connection = Connection()
    call = exchange(connection)
    await call.send(start(LENGTH))
    call.disconnected = True
    await call.send(body(b"hi"))
    assert connection.writes == []


async def test_a_head_without_a_body_becomes_a_500() -> None:
    """An application that ends between the two has not answered."""
    connection = Connection()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start(LENGTH))

    await exchange(connection).run_asgi(app)
    assert connection.writes[0].startswith(b"HTTP/1.1 500 ")
    assert len([each for each in connection.writes if each.startswith(b"HTTP/1.1")]) == 1
