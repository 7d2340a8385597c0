"""Reading a request's body: counted as it comes, within a deadline, never more than allowed."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any

from starlette.types import Receive


class TooLargeError(Exception):
    """More bytes than allowed."""


class TooSlowError(Exception):
    """The body was not whole in time."""


class DisconnectedError(Exception):
    """The caller went away."""


async def read_body(
    receive: Receive, *, announced_bytes: int | None, max_bytes: int, timeout_seconds: float
) -> bytes:
    """Read a body of `max_bytes` at most.

    An announced length only shortens a refusal; what counts is what comes.

    Raises:
        TooLargeError, TooSlowError, DisconnectedError: as their names say.
    """
    if announced_bytes is not None and announced_bytes > max_bytes:
        raise TooLargeError
    reading = _read(receive, max_bytes)
    try:
        first_wait = reading.send(None)
    except StopIteration as read:  # most bodies are here with their heads: no clock is set
        body: bytes = read.value
        return body
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _rest(reading, first_wait)
    except TimeoutError:
        raise TooSlowError from None


@types.coroutine
def _rest(reading: Coroutine[Any, None, bytes], first_wait: object) -> Generator[Any, None, bytes]:
    """Go on with what was begun, from what it waits for."""
    try:
        yield first_wait
    except BaseException:  # cancelled meanwhile
        reading.close()
        raise
    body: bytes = yield from reading
    return body


async def _read(receive: Receive, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise DisconnectedError
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > max_bytes:
            raise TooLargeError
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunk if len(chunks) == 1 else b"".join(chunks)
