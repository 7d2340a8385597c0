"""What clients may take of a listener, tried with bare sockets on a running uvicorn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from behaviour.http_limits.serving import (
    Served,
    connections,
    head,
    of_length,
    served,
    until,
    until_free,
)
from herald.service.http_limits import admission, protocol
from herald.service.http_limits.metrics import Refusal, refused
from herald.service.rate_limited_log import RateLimitedLog

KIB = 1024


@pytest_asyncio.fixture(name="server")
async def _server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """Serve with deadlines that a test can wait for."""
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(protocol, "_limited_log", RateLimitedLog())
    async with served() as found:
        yield found


def counted(reason: Refusal) -> float:
    return float(refused(reason)._value.get())


async def test_an_ordinary_call_passes_and_the_next_one_too(server: Served) -> None:
    """Limits don't show: a kept connection answers one call after the other."""
    caller = await server.caller()
    for body in (b"abc", b"x" * 200_000, b""):
        caller.say(of_length(len(body)), body)
        status, _, answered = await caller.hear()
        assert (status, answered) == (200, str(len(body)).encode())
    await until_free()


async def test_a_chunked_body_passes(server: Served) -> None:
    """A body in chunks is read whole, whatever trailers follow it."""
    caller = await server.caller(head("/", "Transfer-Encoding: chunked"))
    caller.say(*[b"5\r\nabcde\r\n"] * 9_000, b"0\r\nTrailer: x\r\n\r\n")
    assert (await caller.hear())[::2] == (200, b"45000")


@pytest.mark.parametrize(
    "said",
    [
        head("/", "X: " + "x" * 33 * KIB),
        head("/", *[f"X-{n}: {'x' * 100}" for n in range(400)]),
        b"POST /" + b"x" * 33 * KIB,
        b"POST / HTTP/1.1\r\nX: " + b"x" * 200 * KIB,
        b"\r\n" * 33 * KIB,
        head("/", "Transfer-Encoding: chunked") + b"0\r\n" + b"X: y\r\n" * 60 * KIB,
        head("/", "Transfer-Encoding: chunked") + b"5;" + b"x" * 300 * KIB,
    ],
    ids=["header", "headers", "path", "endless", "lines", "trailers", "chunk-extension"],
)
async def test_a_head_too_large_is_431(server: Served, said: bytes) -> None:
    """Over 32 KiB before, or between, the body is refused, and the caller can read it."""
    caller = await server.caller(said)
    status, headers, _ = await caller.hear()
    assert (status, headers[b"connection"]) == (431, b"close")
    assert await caller.ends()


async def test_a_head_of_almost_32_kib_passes(server: Served) -> None:
    """What is within the limit is no trouble."""
    caller = await server.caller(head("/", "X: " + "x" * 31 * KIB, method="GET"))
    assert (await caller.hear())[0] == 200


async def test_a_head_that_takes_too_long_is_408(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of a head counts from its first byte: a line now and then renews nothing."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    caller = await server.caller(b"POST / HTTP/1.1\r\n")

    async def trickle() -> None:
        while True:
            await asyncio.sleep(0.05)
            caller.say(b"X: y\r\n")

    trickling = asyncio.create_task(trickle())
    try:
        assert (await caller.hear())[0] == 408
    finally:
        trickling.cancel()


@pytest.mark.parametrize("said", [b"", b"\r\n"])
async def test_silence_is_closed(
    server: Served, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """A connection on which nothing begins is closed without a word."""
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.2)
    caller = await server.caller(said)
    assert await caller.reader.read() == b""


async def test_silence_after_an_answer_is_closed_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is kept for as long as the settings say, not for as long as a new one is."""
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.05)
    async with served(keep_alive_seconds=0) as server:
        caller = await server.caller(of_length(0))
        assert (await caller.hear())[0] == 200
        assert await caller.ends(5)


async def test_a_body_that_stalls_is_408(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not come is answered, its bytes are free again and its call has ended."""
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.3)
    caller = await server.caller(of_length(1_000_000), b"x" * 500_000)
    assert (await caller.hear())[0] == 408
    assert await caller.ends()
    await until_free()
    assert server.application.under_way == 0


async def test_a_caller_at_work_is_not_hurried(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deadlines are for what the caller owes: the application may take its time."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(protocol, name, 0.1)
    caller = await server.caller(of_length(3, "/held"), b"abc")
    await asyncio.sleep(0.4)
    server.application.released.set()
    assert (await caller.hear())[0] == 200


async def test_an_early_answer_leaves_the_connection_usable(server: Served) -> None:
    """A body that nobody wanted is thrown away, and the next call is answered."""
    caller = await server.caller(of_length(2_000_000, "/early"), b"x" * 1_000_000)
    assert (await caller.hear())[0] == 401
    caller.say(b"x" * 1_000_000, of_length(2), b"ok")
    assert (await caller.hear())[::2] == (200, b"2")


async def test_an_early_answer_does_not_hold_a_connection(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an early answer the rest of the body has its deadline, too."""
    monkeypatch.setattr(protocol, "DISCARD_SECONDS", 0.2)
    caller = await server.caller(of_length(2_000_000, "/early"), b"x")
    assert (await caller.hear())[0] == 401
    assert await caller.ends()


@pytest.mark.parametrize("size", [1, 5_000_000])
async def test_a_refusal_that_closes_can_be_read(server: Served, size: int) -> None:
    """A caller that sends all of its body before it reads gets the answer, not a reset."""
    caller = await server.caller(of_length(size, "/closing"))
    for _ in range(0, size, 500_000):
        caller.say(b"x" * min(size, 500_000))
        await caller.writer.drain()
        await asyncio.sleep(0.01)
    assert (await caller.hear())[::2] == (413, b"large\n")
    assert await caller.ends()


async def test_what_is_thrown_away_is_bounded(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can go on sending for ever after a refusal."""
    monkeypatch.setattr(protocol, "DISCARD_BYTES", 100_000)
    caller = await server.caller(of_length(10**9, "/closing"))

    async def flood() -> None:
        while True:
            caller.say(b"x" * 100_000)
            await caller.writer.drain()
            await asyncio.sleep(0)

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(flood(), 10)


async def test_malformed_http_is_400_and_logged_once(server: Served) -> None:
    """Each one is answered and counted; the log gets one line a minute."""
    before = counted(Refusal.MALFORMED)
    with capture_logs() as logs:
        for _ in range(20):
            caller = await server.caller(b"this is no HTTP\r\n\r\n")
            assert (await caller.hear())[0] == 400
    assert counted(Refusal.MALFORMED) - before == 20
    assert [(line["event"], line["about"]) for line in logs] == [("http.refused", "malformed")]


@pytest.mark.parametrize("target", ["http://x", "http://x?y", "http://x:99999/a", "http:///a"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_target_without_a_path_is_malformed(
    server: Served, method: str, target: str
) -> None:
    """What the parser takes and nobody could be called with: answered, counted, logged once."""
    before = counted(Refusal.MALFORMED)
    caller = await server.caller(head(target, "Content-Length: 9", method=method), b"ab")
    with capture_logs() as logs:
        assert (await caller.hear())[0] == 400
    assert counted(Refusal.MALFORMED) - before == 1
    assert [(line["event"], line["about"]) for line in logs] == [("http.refused", "malformed")]


async def test_a_target_may_be_a_whole_url(server: Served) -> None:
    """As proxies send it."""
    caller = await server.caller(head("http://x:80/early", method="GET"))
    assert (await caller.hear())[0] == 401


async def test_an_upgrade_is_an_ordinary_request(server: Served) -> None:
    """Nothing here speaks another protocol: the request is answered, and nothing is logged."""
    with capture_logs() as logs:
        caller = await server.caller(
            head("/", "Connection: Upgrade", "Upgrade: websocket", method="GET"), b"garbage"
        )
        status, headers, _ = await caller.hear()
    assert (status, headers[b"connection"]) == (200, b"close")
    assert await caller.ends()
    assert logs == []


async def test_pipelined_calls_are_answered_in_order(server: Served) -> None:
    """Several calls sent at once are answered one after the other."""
    caller = await server.caller(*(of_length(size) + b"x" * size for size in range(1, 6)))
    assert [(await caller.hear())[2] for _ in range(5)] == [b"1", b"2", b"3", b"4", b"5"]


async def test_pipelining_is_bounded(server: Served) -> None:
    """Of thousands of calls sent at once a few are answered, then the connection is closed."""
    caller = await server.caller(of_length(1) + b"x" + of_length(0) * 3_000)
    answers = [(await caller.hear())[0] for _ in range(protocol.MAX_PIPELINED + 1)]
    assert set(answers) == {200}
    assert await caller.ends()
    await until_free()


async def test_the_longest_idle_gives_way_to_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silent connections can't keep anybody out."""
    monkeypatch.setattr(protocol, "_limited_log", RateLimitedLog())
    async with served(bound=3) as server:
        silent = [await server.caller() for _ in range(10)]
        honest = await server.caller(of_length(0))
        assert (await honest.hear())[0] == 200
        assert all([await caller.ends() for caller in silent[:8]])
        assert len(connections(server)) == 3


async def test_past_the_bound_a_new_one_is_503() -> None:
    """When all others are at work, a new connection is answered with 503."""
    async with served(bound=2) as server:
        held = [await server.caller(of_length(0, "/held")) for _ in range(2)]
        await until(lambda: server.application.under_way == 2)
        late = await server.caller(of_length(2), b"ok")
        status, headers, _ = await late.hear()
        assert (status, headers[b"retry-after"], headers[b"connection"]) == (503, b"10", b"close")
        server.application.released.set()
        assert [(await caller.hear())[0] for caller in held] == [200, 200]
