"""A server of raw bytes on this machine, and calls to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from herald.http.client import HttpClient
from herald.http.response import HttpResponse

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-Id: 7\r\n\r\n"


@asynccontextmanager
async def served(serve: Serve) -> AsyncIterator[str]:
    """Serve raw bytes; give the URL."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    finally:
        server.close()


@asynccontextmanager
async def calling(
    timeout: timedelta = timedelta(seconds=10), **limits: Any
) -> AsyncIterator[HttpClient]:
    caller = HttpClient(timeout, **limits)
    await caller.start()
    try:
        yield caller
    finally:
        await caller.stop()


async def post(caller: HttpClient, url: str) -> HttpResponse:
    return await caller.post(url, headers={"Content-Type": "text/plain"}, body=b"hello")


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(5)
