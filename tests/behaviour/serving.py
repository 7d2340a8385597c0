"""A service's applications served in the tests' own process, by the server that services use."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from herald.service.serving import Server
from herald.service.settings import Settings


@dataclass(frozen=True, slots=True)
class Served:
    """The base URLs of the listeners, and the server that has them."""

    operations: str
    public: str | None
    server: Server


@asynccontextmanager
async def serving(
    operations: Starlette, settings: Settings, public: ASGIApp | None = None
) -> AsyncIterator[Served]:
    """Serve on the addresses of `settings` (port 0: any free one) for a `with` block."""
    server = Server(operations, settings, public)
    # the tests' own process keeps its signal handlers
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not (server.started and (server.public is None or server.public.started)):
                assert not task.done(), "the service could not start"
                await asyncio.sleep(0.01)
        yield Served(_url(server), _url(server.public) if server.public else None, server)
    finally:
        server.should_exit = True
        await task


def _url(server: uvicorn.Server) -> str:
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"
