"""What may be large is read as it arrives, and no faster than it is taken."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from behaviour.http_client.raw_server import Serve, calling, served
from herald.http.errors import NotSentError, ResponseLostError

LARGE = 30_000_000


def sending(*pieces: bytes, length: int | None = None) -> Serve:
    """Answer every request of a connection with these bytes."""
    size = sum(map(len, pieces)) if length is None else length

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                if length is not None:
                    break
        writer.close()

    return serve


async def test_a_large_body_comes_whole() -> None:
    """However it is cut, and its connection serves on."""
    body = bytes(range(256)) * (LARGE // 256)
    async with served(sending(body)) as url, calling() as caller:
        for _ in range(2):
            async with caller.get(url, headers={}) as response:
                assert (response.status, response.length) == (200, len(body))
                assert b"".join([piece async for piece in response.pieces()]) == body


async def test_a_server_waits_for_a_slow_reader() -> None:
    """Nobody's memory is filled by what nobody takes."""
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
        with suppress(ConnectionError):
            while sent < LARGE:
                writer.write(b"x" * 100_000)
                sent += 100_000
                await writer.drain()
        writer.close()

    async with (
        served(serve) as url,
        calling() as caller,
        caller.get(url, headers={}) as response,
    ):
        await asyncio.sleep(0.2)
        assert sent < LARGE  # the rest is in the buffers of the system
        taken = 0
        async for piece in response.pieces():
            taken += len(piece)
    assert taken == LARGE


async def test_a_body_left_unread_costs_its_connection() -> None:
    """The next call takes another one."""
    async with served(sending(b"x" * LARGE)) as url, calling() as caller:
        for _ in range(3):
            async with caller.get(url, headers={}) as response:
                assert response.status == 200


async def test_a_cut_body_is_lost() -> None:
    """Its beginning is read before that is known."""
    async with (
        served(sending(b"abc", length=5)) as url,
        calling() as caller,
        caller.get(url, headers={}) as response,
    ):
        pieces = aiter(response.pieces())
        assert await anext(pieces) == b"abc"
        with pytest.raises(ResponseLostError) as caught:
            await anext(pieces)
    assert caught.value.code == "answer_cut"


async def test_what_never_comes_has_no_head() -> None:
    """Neither from a server that says nothing, nor from one that is not there."""
    async with served(sending(length=0)) as url, calling() as caller:
        with pytest.raises(NotSentError):
            async with caller.get("http://nowhere.invalid/", headers={}):
                pass
        async with caller.get(url, headers={}) as response:
            assert [piece async for piece in response.pieces()] == []
