"""Reading a body: whole, within its bounds and its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ingress.bodies import DisconnectedError, TooLargeError, TooSlowError, read_body

Chunk = bytes | Exception | None  # None: nothing comes, ever


def caller(*chunks: Chunk, waits: bool = True) -> Callable[[], Any]:
    """Send chunks; with `waits` the loop has its turn before each."""
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        if waits:
            await asyncio.sleep(0)
        chunk = left.pop(0)
        if chunk is None:
            await asyncio.Event().wait()
        if isinstance(chunk, Exception):
            raise chunk
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    return receive


async def read(receive: Callable[[], Any], max_bytes: int = 10, seconds: float = 5) -> bytes:
    return await read_body(
        receive, announced_bytes=None, max_bytes=max_bytes, timeout_seconds=seconds
    )


@pytest.mark.parametrize("waits", [False, True])
async def test_a_body_is_read_whole(*, waits: bool) -> None:
    """It is the same whether it came with its head or had to be waited for."""
    assert await read(caller(b"abc", b"", b"def", waits=waits)) == b"abcdef"


async def test_no_clock_is_set_for_a_body_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all are."""
    monkeypatch.delattr(asyncio, "timeout")
    assert await read(caller(b"abc", b"def", waits=False)) == b"abcdef"


@pytest.mark.parametrize("waits", [False, True])
async def test_what_ends_a_body_early_is_raised(*, waits: bool) -> None:
    """Too many bytes, and a server's own error, wherever they come."""
    with pytest.raises(TooLargeError):
        await read(caller(b"abc", b"def", None, waits=waits), max_bytes=5)
    with pytest.raises(ConnectionError):
        await read(caller(b"abc", ConnectionError(), waits=waits))


async def test_a_caller_that_leaves_is_noticed() -> None:
    """What came before is no body."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(DisconnectedError):
        await read(receive)


@pytest.mark.parametrize("waits", [False, True])
async def test_a_body_that_stops_is_too_slow(*, waits: bool) -> None:
    """Also where its first part came with the head."""
    with pytest.raises(TooSlowError):
        await read(caller(b"abc", None, waits=waits), seconds=0.01)


async def test_a_cancelled_request_ends_its_reading() -> None:
    """What was begun does not stay behind."""
    ended = asyncio.Event()

    async def receive() -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    reading = asyncio.create_task(read(receive))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert ended.is_set()
