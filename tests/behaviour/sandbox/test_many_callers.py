"""A busy sandbox hears new callers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import uvicorn
import uvloop

from sandbox.listening import ACCEPTED_AT_ONCE, listeners

CALLERS = 64


async def _no_application(*_: object) -> None:
    raise NotImplementedError


async def turns_until_all_are_heard(sockets: Sequence[socket.socket]) -> int:
    """Have callers connect at once; return the turns of the loop until each is connected."""
    loop, heard = asyncio.get_running_loop(), 0

    class Hears(asyncio.Protocol):
        def connection_made(self, _: asyncio.BaseTransport) -> None:
            nonlocal heard
            heard += 1

    servers = [await loop.create_server(Hears, sock=one) for one in sockets]
    callers = [socket.create_connection(sockets[0].getsockname()) for _ in range(CALLERS)]
    turns = 0
    while heard < CALLERS:
        turns += 1
        await asyncio.sleep(0)
    for caller in callers:
        caller.close()
    for server in servers:
        server.close()
    return turns


def test_many_callers_are_heard_at_once() -> None:
    """As many in a turn of the loop as there are listeners; a turn may be long."""
    config = uvicorn.Config(_no_application, host="127.0.0.1", port=0, log_level="warning")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        turns = runner.run(turns_until_all_are_heard(listeners(config)))
    assert turns <= 3 * CALLERS // ACCEPTED_AT_ONCE
