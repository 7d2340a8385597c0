"""Callers that do not read their answers, tried with bare sockets on a running uvicorn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from behaviour.http_limits.serving import Served, connections, head, of_length, served, until
from herald.service.http_limits import admission, deadlines, protocol


@pytest_asyncio.fixture(name="server")
async def _server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """Serve with deadlines that a test can wait for."""
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(deadlines, "UNTAKEN_SECONDS", 0.5)
    async with served() as found:
        yield found


async def test_who_does_not_read_is_cut_off(server: Served) -> None:
    """An answer that nobody takes is given up, and its connection is free again."""
    caller = await server.caller(of_length(0, "/long"))
    await until(lambda: len(connections(server)) == 1)
    await until(lambda: not connections(server))
    assert not caller.reader.at_eof()


@pytest.mark.parametrize("requests", [1, 3])
async def test_who_says_no_more_and_does_not_read_is_cut_off(server: Served, requests: int) -> None:
    """Half a connection with a little unsent has its time, whatever was asked last on it."""
    caller, connection = await server.caller_that_reads_nothing()
    caller.say(head("/held", method="GET") * requests)
    await until(lambda: server.application.under_way == 1)
    caller.writer.write_eof()
    await until(connection._socket.is_closing)
    server.application.released.set()
    await until(lambda: not connections(server))


async def test_who_is_given_up_and_does_not_read_is_cut_off(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past all that is thrown away, a connection with a little unsent has its time, too."""
    monkeypatch.setattr(protocol, "DISCARD_BYTES", 0)
    caller, connection = await server.caller_that_reads_nothing()
    caller.say(head("/held", method="GET") * (protocol.MAX_PIPELINED + 2))
    await until(lambda: server.application.under_way == 1)
    caller.say(b"more")
    await until(connection._socket.is_closing)
    server.application.released.set()
    await until(lambda: not connections(server))


async def test_who_gives_way_leaves_though_it_does_not_read() -> None:
    """The bound is that of the connections there are: an unread answer keeps none beyond it."""
    async with served(bound=1) as server:
        for _ in range(2):
            await server.caller_that_reads_nothing()
        honest = await server.caller(of_length(0))
        assert (await honest.hear())[0] == 200
        await until(lambda: len(server.server.server_state.connections) == 1)
