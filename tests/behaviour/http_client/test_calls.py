"""One call against a server on this machine: was it sent, and did its answer come whole."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from behaviour.http_client.raw_server import OK, Serve, calling, post, read_request, served
from herald.http.client import MAX_RESPONSE_BYTES
from herald.http.errors import NotSentError, ResponseLostError
from herald.http.response import HttpResponse
from silent_ports import silent_port


def answering(
    answer: bytes, *, then: Callable[[asyncio.StreamWriter], None] | None = None
) -> Serve:
    """Answer one request with these bytes, then do that to the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        await writer.drain()
        if then is not None:
            then(writer)

    return serve


def reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


async def test_an_answer_comes_as_it_is() -> None:
    """Status, headers in any case, and the body as JSON."""
    async with served(answering(OK + b'{"a": 1}')) as url, calling() as caller:
        answer = await post(caller, url)
    assert (answer.status, answer.headers["x-id"]) == (200, "7")
    assert answer.document() == {"a": 1}


@pytest.mark.parametrize("body", [b"<html />", b"[1, 2, 3", b'"\\ud800"', b"       1"])
def test_a_body_that_is_no_object_is_an_empty_document(body: bytes) -> None:
    """What can't be read as a JSON object says nothing, and raises nothing."""
    assert HttpResponse(200, {}, body).document() == {}


async def test_a_refused_connection_was_not_sent() -> None:
    """Nobody listens: the call may be made again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with calling() as caller:
        with pytest.raises(NotSentError) as raised:
            await post(caller, f"http://127.0.0.1:{port}/x")
    assert raised.value.code == "connect"


async def test_an_unknown_name_was_not_sent() -> None:
    """A name that does not resolve: the call may be made again."""
    async with calling(timedelta(seconds=10)) as caller:
        with pytest.raises(NotSentError) as raised:
            await post(caller, "http://nowhere.invalid/x")
    assert raised.value.code == "dns"


async def test_a_name_that_never_resolves_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that does not answer costs a fraction of the time limit and proves no call."""

    async def resolve(*_: object, **__: object) -> list[object]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    async with calling(timedelta(seconds=0.2)) as caller:
        with pytest.raises(NotSentError) as raised:
            await post(caller, "http://slow.example.com/x")
    assert raised.value.code == "connect_timeout"


async def test_a_connection_nobody_accepts_was_not_sent() -> None:
    """A full backlog swallows the handshake: the connect limit ends it before the call's own."""
    with silent_port() as port:
        async with calling(timedelta(seconds=2)) as caller:
            started = time.monotonic()
            with pytest.raises(NotSentError) as raised:
                await post(caller, f"http://127.0.0.1:{port}/x")
    assert raised.value.code == "connect_timeout"
    assert time.monotonic() - started < 2


async def test_waiting_for_a_free_connection_was_not_sent() -> None:
    """A call that got no connection of its own was not made, whatever the others wait for."""
    requests: list[bytes] = []

    async def never(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))

    async with served(never) as url, calling(timedelta(seconds=0.5), max_connections=2) as caller:
        ends = await asyncio.gather(*(post(caller, url) for _ in range(5)), return_exceptions=True)
    assert len(requests) == 2
    assert [type(end) for end in ends].count(ResponseLostError) == 2
    assert [type(end) for end in ends].count(NotSentError) == 3


async def test_no_tls_was_not_sent() -> None:
    """A server that does not speak TLS never sees the request."""

    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with served(plain) as url, calling() as caller:
        with pytest.raises(NotSentError) as raised:
            await post(caller, url.replace("http://", "https://"))
    assert raised.value.code in {"tls", "connect"}


async def test_silence_is_a_lost_answer() -> None:
    """The request was written and the time limit ran out: it may have been taken."""
    async with served(answering(b"")) as url, calling(timedelta(seconds=0.3)) as caller:
        with pytest.raises(ResponseLostError) as raised:
            await post(caller, url)
    assert raised.value.code == "read_timeout"


async def test_a_dripping_answer_is_cut_by_the_time_limit() -> None:
    """The limit is for the whole call, however steadily its answer trickles."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.05)

    async with served(drip) as url, calling(timedelta(seconds=0.4)) as caller:
        started = time.monotonic()
        with pytest.raises(ResponseLostError):
            await post(caller, url)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("answer", "then", "code"),
    [
        (b"", asyncio.StreamWriter.close, "disconnected"),
        (b"", reset, "connection_reset"),
        (OK + b'{"a', asyncio.StreamWriter.close, "answer_cut"),
        (b"what?\r\n\r\n", asyncio.StreamWriter.close, "answer_unreadable"),
    ],
)
async def test_a_cut_answer_is_lost(
    answer: bytes, then: Callable[[asyncio.StreamWriter], None], code: str
) -> None:
    """Whatever ends the connection after the request was written leaves the attempt unknown."""
    async with served(answering(answer, then=then)) as url, calling() as caller:
        with pytest.raises(ResponseLostError) as raised:
            await post(caller, url)
    assert raised.value.code == code


async def test_a_redirect_is_not_followed() -> None:
    """Credentials and content go to the configured address only."""
    moved = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    async with served(answering(moved)) as url, calling() as caller:
        assert (await post(caller, url)).status == 307


@pytest.mark.parametrize("packed", [False, True])
async def test_a_huge_answer_is_cut(*, packed: bool) -> None:
    """No answer takes more than its bound, also when a small one unpacks to a large one."""
    body, extra = b" " * (20 * MAX_RESPONSE_BYTES), b""
    if packed:
        body, extra = gzip.compress(body), b"Content-Encoding: gzip\r\n"
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    head = b"HTTP/1.1 200 OK\r\n" + extra + length

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head + body)

    async with served(serve) as url, calling(timedelta(seconds=5)) as caller:
        answer = await post(caller, url)
    assert len(answer.body) < 3 * MAX_RESPONSE_BYTES
    assert answer.document() == {}
