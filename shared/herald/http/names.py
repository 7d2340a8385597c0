"""The addresses of names, kept for a while: hundreds of connections may be opened at once."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from functools import partial

from aiohappyeyeballs import AddrInfoType

KEPT_SECONDS = 60.0


@dataclass(slots=True)
class _Kept:
    addresses: list[AddrInfoType]
    until: float


class Names:
    """Resolves names. Whoever asks for one that is being resolved waits for that."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], _Kept] = {}
        self._asking: dict[tuple[str, int], asyncio.Task[list[AddrInfoType]]] = {}

    async def addresses(self, host: str, port: int) -> list[AddrInfoType]:
        """Return a name's addresses; each time another is the first, so that all share the load.

        Raises:
            socket.gaierror: it has none.
            UnicodeError: it holds a label that no name can have.
        """
        kept = self._kept.get((host, port))
        if kept is None or kept.until < asyncio.get_running_loop().time():
            return await self._asked(host, port)
        kept.addresses = [*kept.addresses[1:], kept.addresses[0]]
        return kept.addresses

    def forget(self, host: str, port: int) -> None:
        """Resolve a name anew: its addresses led nowhere."""
        self._kept.pop((host, port), None)

    async def _asked(self, host: str, port: int) -> list[AddrInfoType]:
        """Wait for an answer, which outlives the patience of any one who waits."""
        task = self._asking.get((host, port))
        if task is None:
            task = self._asking[host, port] = asyncio.create_task(self._ask(host, port))
            task.add_done_callback(partial(self._answered, (host, port)))
        return await asyncio.shield(task)

    def _answered(self, key: tuple[str, int], task: asyncio.Task[list[AddrInfoType]]) -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # known to asyncio as seen, though all who waited may have left

    async def _ask(self, host: str, port: int) -> list[AddrInfoType]:
        loop = asyncio.get_running_loop()
        found: list[AddrInfoType] = [*await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        self._kept[host, port] = _Kept(found, loop.time() + KEPT_SECONDS)
        return found
