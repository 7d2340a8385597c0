"""Which heads are too large, however their bytes come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from herald.service.http_limits.protocol import MAX_HEAD_BYTES
from herald.service.http_limits.serving import limited_protocol

FIRST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nX-Y: %b\r\n\r\n"
TOO_LARGE = HEAD % (b"y" * MAX_HEAD_BYTES)
STILL_FINE = HEAD % (b"y" * (MAX_HEAD_BYTES - 100))


class Connection(asyncio.Transport):
    """Takes what is written."""

    def write(self, data: Any) -> None:
        pass

    def write_eof(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        return default


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer never."""
    await asyncio.Event().wait()


async def is_refused(*pieces: bytes) -> bool:
    """Whether what comes in these pieces makes the protocol leave."""
    config = uvicorn.Config(application, http=limited_protocol("public"), ws="none")
    config.load()
    made: Any = config.http_protocol_class
    protocol = made(config=config, server_state=ServerState(), app_state={})
    protocol.connection_made(Connection())
    for piece in pieces:
        protocol.data_received(piece)
    is_leaving = bool(protocol.is_leaving)
    for task in protocol.tasks:
        task.cancel()
    protocol.connection_lost(ConnectionResetError())
    return is_leaving


def halves(said: bytes, at: int) -> tuple[bytes, bytes]:
    return said[:at], said[at:]


@pytest.mark.parametrize(
    "pieces",
    [
        (TOO_LARGE,),
        halves(TOO_LARGE, 30),
        halves(TOO_LARGE, -1),
        (FIRST, TOO_LARGE),
        (FIRST + TOO_LARGE,),
        halves(FIRST + TOO_LARGE, len(FIRST) + 3),
        halves(FIRST + TOO_LARGE, -1),
        halves(BODY + TOO_LARGE, -1),
    ],
)
async def test_a_head_too_large_is_refused_in_whatever_pieces(pieces: tuple[bytes, ...]) -> None:
    """Also behind another request, and when almost all of it came with that one."""
    assert await is_refused(*pieces)


@pytest.mark.parametrize(
    "pieces",
    [(STILL_FINE,), (FIRST + STILL_FINE,), (STILL_FINE + STILL_FINE,), (BODY,), halves(BODY, 30)],
)
async def test_what_stands_around_a_head_is_not_counted(pieces: tuple[bytes, ...]) -> None:
    """A body, or another head in the same piece."""
    assert not await is_refused(*pieces)
