"""Servers that break off, talk out of turn or say too much: no call takes that for its response."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from behaviour.http_client.raw_server import OK, Serve, calling, post, read_request, served
from herald.http.errors import NotSentError, ResponseLostError

BODY = b'{"a": 1}'
CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'3;x=y\r\n{"a\r\n5\r\n": 1}\r\n0\r\nX-Sum: 1\r\n\r\n'
)


class Server:
    """Answers each request with the next of what it is given, and keeps who asked."""

    def __init__(self, *answers: bytes, closes: bool = False) -> None:
        self._answers = list(answers)
        self._closes = closes
        self.requests: list[tuple[int, bytes]] = []  # with the number of its connection
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.requests.append((number, await read_request(reader)))
                writer.write(self._answers.pop(0))
                if self._closes:
                    break
        writer.close()


@pytest.mark.parametrize("answer", [OK + BODY, CHUNKED])
async def test_a_connection_closed_at_any_byte_is_a_lost_answer(answer: bytes) -> None:
    """However much of the answer came: only a whole one counts, and no request is made twice."""
    cuts = range(len(answer))
    server = Server(*(answer[:cut] for cut in cuts), closes=True)
    async with served(server.serve) as url, calling() as caller:
        for cut in cuts:
            with pytest.raises(ResponseLostError) as caught:
                await post(caller, url)
            assert caught.value.code == ("answer_cut" if cut else "disconnected")
    assert len(server.requests) == len(cuts)


async def test_an_answer_in_chunks_behind_an_interim_one_is_whole() -> None:
    """Only the last of several status lines is the answer's, and its connection serves on."""
    server = Server(CHUNKED, OK + BODY)
    async with served(server.serve) as url, calling() as caller:
        answers = [await post(caller, url) for _ in range(2)]
    assert [(answer.status, answer.document()) for answer in answers] == [
        (201, {"a": 1}),
        (200, {"a": 1}),
    ]
    assert server.connections == 1


async def test_what_follows_an_answer_is_not_the_next_calls() -> None:
    """A second answer that nobody asked for would shift all that follow by one."""
    stray = OK + b'{"a": 2}'
    server = Server(OK + BODY + stray, OK + BODY)
    async with served(server.serve) as url, calling() as caller:
        answers = [await post(caller, url) for _ in range(2)]
    assert [answer.document() for answer in answers] == [{"a": 1}] * 2
    assert server.connections == 2


@pytest.mark.parametrize("is_seen", [True, False])
async def test_what_comes_while_idle_is_not_the_next_calls(*, is_seen: bool) -> None:
    """Such as `408 Request Timeout`, whether our loop has read it or not."""
    idle: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK + BODY)
        idle.append(writer)

    async with served(serve) as url, calling() as caller:
        await post(caller, url)
        idle[0].write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        if is_seen:
            await asyncio.sleep(0.05)
        assert (await post(caller, url)).status == 200


@pytest.mark.parametrize("fields", [b"Connection: close\r\n", b""])
async def test_a_server_that_closes_is_obeyed(fields: bytes) -> None:
    """By its word, or by an answer that nothing but the connection's end ends."""
    length = b"Content-Length: 8\r\n" if fields else b""
    answer = b"HTTP/1.1 200 OK\r\n" + fields + length + b"\r\n" + BODY
    server = Server(answer, answer, closes=True)
    async with served(server.serve) as url, calling() as caller:
        for _ in range(2):
            assert (await post(caller, url)).document() == {"a": 1}
    assert server.connections == 2


async def test_an_answer_before_the_whole_request_counts() -> None:
    """A server may refuse what it has not read; the rest of the request is not sent any more."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await reader.read()
        writer.close()

    async with served(refuse) as url, calling(timedelta(seconds=5)) as caller:
        for _ in range(2):
            answer = await caller.post(url, headers={}, body=b"x" * 20_000_000)
            assert answer.status == 413


async def test_a_head_too_long_is_unreadable() -> None:
    """No answer fills the memory."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"X: y\r\n" * 1000)
                await writer.drain()

    async with served(talk) as url, calling(timedelta(seconds=5)) as caller:
        with pytest.raises(ResponseLostError) as caught:
            await post(caller, url)
    assert caught.value.code == "answer_unreadable"


async def _never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def late(seconds: float) -> Serve:
    """Answer after so long."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await read_request(reader):
                await asyncio.sleep(seconds)
                writer.write(OK + BODY)
        writer.close()

    return serve


async def test_a_call_given_up_leaves_no_answer_to_another() -> None:
    """Its connection is closed, for its answer may still come."""
    async with served(late(0.2)) as url, calling() as caller:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await post(caller, url)
        began = asyncio.get_running_loop().time()
        await post(caller, url)
        assert asyncio.get_running_loop().time() - began > 0.15


async def test_a_call_given_up_makes_room_for_the_next() -> None:
    """Also one that was waiting for its turn, or for its connection."""
    async with served(late(0.05)) as url, calling(max_connections=1) as caller:
        calls = [asyncio.create_task(post(caller, url)) for _ in range(4)]
        await asyncio.sleep(0)
        for call in calls[:3]:
            call.cancel()
        assert (await calls[3]).status == 200
        assert (await post(caller, url)).status == 200


async def test_stopping_ends_what_is_under_way() -> None:
    """A call that has its connection is lost, and one that waits for it is not made."""
    async with served(_never) as url, calling(max_connections=1) as caller:
        calls = [asyncio.create_task(post(caller, url)) for _ in range(2)]
        await asyncio.sleep(0.1)
        await caller.stop()
        ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(end) for end in ends] == [ResponseLostError, NotSentError]


async def test_an_answer_that_ends_with_its_connection_is_not_ended_by_ours() -> None:
    """Our own closing cuts it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
        await reader.read()
        writer.close()

    async with served(serve) as url, calling() as caller:
        call = asyncio.create_task(post(caller, url))
        await asyncio.sleep(0.1)
        await caller.stop()
        with pytest.raises(ResponseLostError):
            await call


@pytest.mark.parametrize("url", ["ftp://x.example.com/", "http://", "http://u:p@127.0.0.1/x"])
async def test_what_is_no_url_was_not_sent(url: str) -> None:
    """Nothing is connected with."""
    async with calling() as caller:
        with pytest.raises(NotSentError) as caught:
            await post(caller, url)
    assert caught.value.code == "url"


async def test_a_header_that_would_be_two_is_not_sent() -> None:
    """It is refused before anything is connected with."""
    server = Server()
    async with served(server.serve) as url, calling() as caller:
        with pytest.raises(ValueError, match="control character"):
            await caller.post(url, headers={"X": "a\r\nY: b"}, body=b"")
    assert server.connections == 0
