"""Listening so that many new callers at once are heard, however busy the sandbox is."""

from __future__ import annotations

import socket

import uvicorn

ACCEPTED_AT_ONCE = 16


def listeners(config: uvicorn.Config) -> list[socket.socket]:
    """Bind the configured address; return its socket and copies of it, to be listened on each.

    uvloop takes one connection a turn of its loop from each listener (libuv since 1.45). Where a
    turn lasts 50 ms, 200 new callers would wait for ten seconds.
    """
    bound = config.bind_socket()
    return [bound, *(bound.dup() for _ in range(ACCEPTED_AT_ONCE - 1))]
