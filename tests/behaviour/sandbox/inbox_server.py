"""The inbox's routes alone, served on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette

from behaviour.sandbox.world import free_port, started
from sandbox.inbox import Inbox, Shown
from sandbox.inbox_routes import inbox_routes


def take(inbox: Inbox, shown: Shown, **changes: Any) -> None:
    """Put a message into an inbox: an SMS, unless changed."""
    given = {
        "provider": "twilio",
        "channel": "sms",
        "account": "main",
        "sender": "+15550001111",
        "to": "+15550002222",
        "reference": "SM1",
    }
    inbox.take(**given | changes, shown=shown)


@asynccontextmanager
async def served(inbox: Inbox) -> AsyncIterator[str]:
    """Serve an inbox; gives its base URL."""
    port = free_port()
    config = uvicorn.Config(
        Starlette(routes=inbox_routes(inbox)), port=port, http="httptools", log_level="warning"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        await started(server, task)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
