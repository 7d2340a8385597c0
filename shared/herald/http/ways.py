"""How connections leave this machine: as the system has it, or by another way."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohappyeyeballs import start_connection

from herald.http.errors import NotSentError
from herald.http.names import Names

# Opens a connection to a host and port, within so many seconds.
Connect = Callable[[str, int, float], Awaitable[socket.socket]]

NEXT_ADDRESS_SECONDS = 0.25  # RFC 8305, 8


class Way(Protocol):
    """One way out."""

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        """Open a connection to a host and port.

        Raises:
            NotSentError: there is none, for the reason that its code names.
        """
        ...


class SystemWay:
    """As the system has it: the first address of a name that answers."""

    def __init__(self) -> None:
        self._names = Names()

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                return await start_connection(
                    await self._names.addresses(host, port),
                    happy_eyeballs_delay=NEXT_ADDRESS_SECONDS,
                    interleave=1,
                    loop=loop,
                )
        except TimeoutError:
            raise NotSentError("connect_timeout") from None
        except (socket.gaierror, UnicodeError):
            raise NotSentError("dns") from None
        except OSError:
            self._names.forget(host, port)
            raise NotSentError("connect") from None
