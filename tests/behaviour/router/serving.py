"""A router's operations listener, as the command line asks it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from behaviour.bus.rabbit import until


@asynccontextmanager
async def served(router: Starlette) -> AsyncIterator[str]:
    """Serve a router that runs already; give its URL."""
    config = uvicorn.Config(router, port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    # the tests' own process keeps its signal handlers
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    host, port = server.servers[0].sockets[0].getsockname()
    yield f"http://{host}:{port}"
    server.should_exit = True
    await serving
