"""The budget of bodies that a process holds, tried with bare sockets on a running uvicorn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from behaviour.http_limits.serving import Served, connections, of_length, served, until, until_free
from herald.service.http_limits import admission, body_budget, protocol
from herald.service.http_limits.listening import Loop
from herald.service.http_limits.protocol import BODIES, LimitedProtocol
from herald.service.rate_limited_log import RateLimitedLog


@pytest_asyncio.fixture(name="server")
async def _server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(protocol, "_limited_log", RateLimitedLog())
    async with served() as found:
        yield found


async def test_bodies_share_one_budget(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past it the oldest unfinished body is answered with 503; the new one is answered."""
    monkeypatch.setattr(BODIES, "_max_bytes", 1_000_000)
    stalled = await server.caller(of_length(900_000), b"x" * 800_000)
    await until(lambda: BODIES.bytes == 800_000)
    honest = await server.caller(of_length(400_000), b"x" * 400_000)
    assert (await honest.hear())[::2] == (200, b"400000")
    status, headers, _ = await stalled.hear()
    assert (status, headers[b"retry-after"]) == (503, b"10")
    assert await stalled.ends()
    await until_free()


async def test_a_body_larger_than_the_budget_is_503(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nobody to give way the new one is refused, readably."""
    monkeypatch.setattr(BODIES, "_max_bytes", 300_000)
    held = await server.caller(of_length(200_000, "/held"), b"x" * 200_000)
    await until(lambda: BODIES.bytes == 200_000)
    refused_one = await server.caller(of_length(200_000), b"x" * 200_000)
    assert (await refused_one.hear())[0] == 503
    server.application.released.set()
    assert (await held.hear())[0] == 200
    await until_free()


async def test_a_caller_that_leaves_frees_its_body(server: Served) -> None:
    """Half a body is free again once its connection is gone."""
    caller = await server.caller(of_length(1_000_000), b"x" * 500_000)
    await until(lambda: BODIES.bytes == 500_000)
    caller.writer.transport.abort()
    await until_free()


async def lost(server: Served, connection: LimitedProtocol) -> None:
    """Lose a connection; its call has not heard of it yet."""
    connection._socket.abort()
    while connection in server.server.server_state.connections:  # noqa: ASYNC110  at once after it
        await asyncio.sleep(0)


async def refused(_server: Served, connection: LimitedProtocol) -> None:
    """Refuse a connection for its time; its call has not heard of it yet."""
    connection.expire(connection.deadline)


@pytest.mark.parametrize("ended", [lost, refused])
def test_who_has_ended_gives_way_to_a_new_one(
    monkeypatch: pytest.MonkeyPatch, ended: Callable[[Served, LimitedProtocol], Awaitable[None]]
) -> None:
    """A body whose caller has gone, and whose call has not, costs no other caller its answer."""
    monkeypatch.setattr(BODIES, "_max_bytes", 1_000_000)

    async def arrive() -> None:
        async with served() as server:
            await server.caller(of_length(900_000), b"x" * 800_000)
            await until(lambda: BODIES.bytes == 800_000)
            stalled = connections(server)
            honest = await server.caller()
            await until(lambda: len(connections(server)) == 2)
            [oldest], [newest] = stalled, connections(server) - stalled
            await ended(server, oldest)
            assert BODIES.bytes == 800_000
            newest.data_received(of_length(400_000) + b"x" * 400_000)
            assert (await honest.hear())[::2] == (200, b"400000")
            await until_free()

    with asyncio.Runner(loop_factory=Loop) as runner:  # that of services: no other tells so soon
        runner.run(arrive())


def test_the_budget_is_64_mib() -> None:
    """The figure that the documents state."""
    assert body_budget.MAX_BYTES == 64 * 1024 * 1024
