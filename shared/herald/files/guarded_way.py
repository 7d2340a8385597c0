"""A way out that leads to allowed addresses alone, whatever a name resolves to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import aiohappyeyeballs

from herald.files.addresses import Network, is_allowed
from herald.http.errors import NotSentError
from herald.http.ways import Way

PRIVATE = "private_address"
# Users choose the names, and so who answers for them: slow ones must not keep the threads in which
# providers' names are resolved.
RESOLVING_THREADS = 8


class GuardedWay:
    """Resolves a name itself, and connects to the very address that it checked.

    Every connection of a client comes through here, also that of a redirect and of a link that
    names an address. So a name that resolves otherwise a moment later (DNS rebinding) reaches
    nothing else.
    With `ways` connections go by the first of them that has one.
    """

    def __init__(self, opened: Sequence[Network] = (), ways: Sequence[Way] = ()) -> None:
        self._opened = tuple(opened)
        self._ways = tuple(ways)
        self._threads = ThreadPoolExecutor(RESOLVING_THREADS, thread_name_prefix="media-names")

    def close(self) -> None:
        """Resolve no more names."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def connect(self, host: str, port: int, seconds: float, /) -> socket.socket:
        """Connect to a host's allowed address.

        Raises:
            NotSentError: it has none (`private_address`), or there is no connection.
        """
        try:
            async with asyncio.timeout(seconds):
                found = await self._allowed(host, port)
                if not self._ways:
                    return await aiohappyeyeballs.start_connection(
                        found, happy_eyeballs_delay=0.25, loop=asyncio.get_running_loop()
                    )
                return await self._by_a_way([info[4][0] for info in found], port, seconds)
        except TimeoutError:
            raise NotSentError("connect_timeout") from None
        except socket.gaierror:
            raise NotSentError("dns") from None
        except OSError:
            raise NotSentError("connect") from None

    async def _allowed(self, host: str, port: int) -> list[aiohappyeyeballs.AddrInfoType]:
        resolve = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, resolve)
        except UnicodeError:  # a label that no name can have
            raise NotSentError("dns") from None
        allowed: list[aiohappyeyeballs.AddrInfoType] = [
            info for info in found if is_allowed(str(info[4][0]), self._opened)
        ]
        if not allowed:
            raise NotSentError(PRIVATE)
        return allowed

    async def _by_a_way(
        self, addresses: Sequence[str | int], port: int, seconds: float
    ) -> socket.socket:
        failed = NotSentError("connect")
        for way in self._ways:
            for address in dict.fromkeys(map(str, addresses)):
                try:
                    return await way.connect(address, port, seconds)
                except NotSentError as error:
                    failed = error
        raise failed
