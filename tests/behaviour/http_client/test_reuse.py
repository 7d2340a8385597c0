"""Connections used again: how long, and what becomes of a call that meets one just closed."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest

from behaviour.http_client.raw_server import OK, calling, post, read_request, served
from herald.http import client
from herald.http.connection import Connection
from herald.http.errors import ResponseLostError
from herald.http.response import HttpResponse


async def test_a_connection_is_used_again() -> None:
    """Calls share connections: a handshake for each would cost more than the call."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await read_request(reader):
            writer.write(OK + b'{"a": 1}')

    async with served(serve) as url, calling() as caller:
        for _ in range(5):
            await post(caller, url)
    assert connections == 1


async def test_a_connection_idle_for_long_is_not_used_again() -> None:
    """Common servers close what was idle for 5 s; a call that meets that has an unknown end."""
    assert client.KEEP_ALIVE_SECONDS < 5
    connections, closed = 0, asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with suppress(asyncio.IncompleteReadError):
            while await read_request(reader):
                writer.write(OK + b'{"a": 1}')
        closed.set()

    async with served(serve) as url, calling(keep_alive_seconds=0.1) as caller:
        await post(caller, url)
        await closed.wait()
        await post(caller, url)
    assert connections == 2


async def test_a_connection_closed_while_idle_costs_nothing() -> None:
    """Servers that close idle connections just when they are used again see each call once."""
    bodies: list[bytes] = []
    idle: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await read_request(reader))
        writer.write(OK + b'{"a": 1}')
        idle.append(writer)

    async with served(serve) as url, calling() as caller:
        await asyncio.gather(*(post(caller, url) for _ in range(5)))
        for writer in idle:
            shut_now(writer)  # our loop has not read it yet
        answers = await asyncio.gather(*(post(caller, url) for _ in range(5)))
    assert [answer.status for answer in answers] == [200] * 5
    assert len(bodies) == 10


def shut_now(writer: asyncio.StreamWriter) -> None:
    """Send the end at once, without a turn of the event loop."""
    writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


async def test_a_connection_closed_after_the_first_byte_is_a_lost_answer() -> None:
    """On a connection used again, too, what was written may have been taken: it is sent once."""
    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await read_request(reader))
        writer.write(OK + b'{"a": 1}')
        bodies.append(await read_request(reader))
        writer.close()

    async with served(serve) as url, calling() as caller:
        await post(caller, url)
        with pytest.raises(ResponseLostError) as raised:
            await post(caller, url)
    assert raised.value.code == "disconnected"
    assert len(bodies) == 2


async def test_a_connection_lost_between_choice_and_writing_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loop learns of the end after the connection was chosen and before the first byte."""
    exchange = Connection.exchange
    bodies: list[bytes] = []
    cut: list[bool] = []

    async def late(connection: Connection, *args: Any, **options: Any) -> HttpResponse:
        if bodies and not cut:
            cut.append(True)
            connection.abort()
            await asyncio.sleep(0)
        return await exchange(connection, *args, **options)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            bodies.append(await read_request(reader))
            writer.write(OK + b'{"a": 1}')

    monkeypatch.setattr(Connection, "exchange", late)
    async with served(serve) as url, calling() as caller:
        await post(caller, url)
        assert (await post(caller, url)).status == 200
    assert cut
    assert len(bodies) == 2


async def test_an_idle_connection_with_another_server_makes_room() -> None:
    """The bound is for all servers of an account together; who idles is not in the way."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while await read_request(reader):
                writer.write(OK + b'{"a": 1}')
        ended.set()
        writer.close()

    async with (
        served(serve) as first,
        served(serve) as second,
        calling(max_connections=1) as caller,
    ):
        await post(caller, first)
        assert (await post(caller, second)).status == 200
        await asyncio.wait_for(ended.wait(), 1)
