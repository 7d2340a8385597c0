"""Connections to names with several addresses: one that answers nothing hides no other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import aiohappyeyeballs

from herald.egress.codes import PROXY_CONNECT
from herald.http.errors import NotSentError
from herald.http.ways import NEXT_ADDRESS_SECONDS


async def reach(host: str, port: int, local_address: str | None = None) -> socket.socket:
    """Connect to the first address of a name that answers, from one of this machine.

    Raises:
        OSError: none does; gaierror: there is none.
    """
    loop = asyncio.get_running_loop()
    theirs = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ours: Sequence[aiohappyeyeballs.AddrInfoType] | None = None
    if local_address is not None:
        ours = await loop.getaddrinfo(local_address, 0, type=socket.SOCK_STREAM)
    return await aiohappyeyeballs.start_connection(
        theirs,
        local_addr_infos=ours,
        happy_eyeballs_delay=NEXT_ADDRESS_SECONDS,
        interleave=1,
        loop=loop,
    )


async def reach_proxy(host: str, port: int) -> socket.socket:
    """Connect to a proxy.

    Raises:
        NotSentError: it can't be reached.
        TimeoutError: it does not answer.
    """
    try:
        return await reach(host, port)
    except TimeoutError:
        raise
    except OSError:
        raise NotSentError(PROXY_CONNECT) from None
