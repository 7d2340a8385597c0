"""An aiohttp client's connections, opened by one way."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from herald.http.ways import Way


class WayConnector(aiohttp.TCPConnector):
    """Opens every connection by one way; TLS is spoken through it with the provider itself.

    Knows how aiohttp connects: the name is resolved, then `_wrap_create_connection` connects, and
    `_wrap_existing_connection` begins TLS.
    """

    def __init__(self, way: Way, seconds: float, **options: Any) -> None:
        super().__init__(resolver=_AsItIs(), **options)
        self._way = way
        self._seconds = seconds

    async def _wrap_create_connection(
        self, *args: Any, addr_infos: list[Any], **kwargs: Any
    ) -> tuple[asyncio.Transport, Any]:
        host, port = addr_infos[0][4][:2]
        sock = await self._way.connect(host, port, self._seconds)
        try:
            return await self._wrap_existing_connection(*args, sock=sock, **kwargs)
        except BaseException:
            sock.close()
            raise


class _AsItIs(AbstractResolver):
    """Leaves names to the far end of the way, which may know others than this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=host, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Close nothing."""
