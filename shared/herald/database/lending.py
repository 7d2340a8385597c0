"""Lends connections of asyncpg's pool, which spends two timeouts and a task on each loan.

A connection that comes back clean while nobody waits for one is kept here and lent again.
Everything else is the pool's: to connect, to wait for a connection, to roll back, to close what is
broken or long unused.
"""

from __future__ import annotations

from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection | PoolConnectionProxy"


class Lender:
    """Lends the connections of one pool, the last one used first."""

    def __init__(self, pool: asyncpg.Pool, *, wait_seconds: float) -> None:
        self._pool = pool
        self._wait_seconds = wait_seconds
        self._kept: list[PoolConnectionProxy] = []  # the pool counts them as lent
        self._waiting = 0  # loans that are asked of the pool
        self._is_closed = False

    async def lend(self) -> PoolConnectionProxy:
        """Lend a connection.

        Raises:
            an outage: none could be had in time.
        """
        while self._kept:
            connection = self._kept.pop()
            if _is_clean(connection):
                return connection
            await self._pool.release(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._wait_seconds)
        finally:
            self._waiting -= 1

    async def take_back(self, connection: PoolConnectionProxy, *, failed: bool) -> None:
        """Take a connection back; `failed`: what was done with it was cut short."""
        if failed or self._waiting or self._is_closed or not _is_clean(connection):
            await self._pool.release(connection)
        else:
            self._kept.append(connection)

    async def return_kept(self) -> None:
        """Let the pool look after what is kept: it closes what is long unused.

        One by one, for this may be cut short, and what is not returned then is still kept.
        """
        for _ in range(len(self._kept)):
            if self._kept:
                await self._pool.release(self._kept.pop(0))

    async def close(self) -> None:
        """Close every connection once it is back."""
        self._is_closed = True
        await self.return_kept()
        await self._pool.close()

    def terminate(self) -> None:
        """Cut every connection."""
        self._pool.terminate()


def _is_clean(connection: PoolConnectionProxy) -> bool:
    try:
        return not connection.is_closed() and not connection.is_in_transaction()
    except asyncpg.InterfaceError:  # the pool has it back: the server closed it
        return False
