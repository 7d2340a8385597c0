"""Closing a listener: its connections end, each after its answer; who asks nothing holds no stop.

uvicorn tells those that it has when it begins to close, and then waits for all of them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import cast

import structlog
import uvicorn

from herald.service.http_limits.protocol import LimitedProtocol

RESTING_SECONDS = 5.0  # for a connection without a request under way to end by itself
LOOK_SECONDS = 1.0

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def closing(server: uvicorn.Server) -> AsyncIterator[None]:
    """Close what a listener's connections keep open, while uvicorn's shutdown waits for them."""
    protocol = cast("type[LimitedProtocol]", server.config.http)
    protocol.admission.is_closing = True  # also one that is accepted just now is to end
    connections = cast("Collection[LimitedProtocol]", server.server_state.connections)
    ending = asyncio.create_task(_end_resting(connections))
    try:
        yield
    finally:
        ending.cancel()


async def _end_resting(connections: Collection[LimitedProtocol]) -> None:
    """End connections that rest too long, again and again, and say what is waited for."""
    await asyncio.sleep(RESTING_SECONDS)
    while True:
        if connections:
            phases = Counter(connection.phase.name.lower() for connection in connections)
            resting = [connection for connection in connections if _is_resting(connection)]
            _log.warning(
                "http.closing_slowly",
                phases=dict(phases),
                resting=len(resting),
                closing=sum(connection.transport.is_closing() for connection in connections),
            )
            now = asyncio.get_running_loop().time()
            for connection in resting:
                connection.expire(now)
        await asyncio.sleep(LOOK_SECONDS)


def _is_resting(connection: LimitedProtocol) -> bool:
    """Whether nothing is asked and nothing is being sent: a slow reader has a limit of its own."""
    is_answered = connection.cycle is None or connection.cycle.response_complete
    return is_answered and not connection.transport.is_closing()
