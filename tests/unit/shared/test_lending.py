"""Connections that are kept between two lendings."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from herald.database.lending import Lender


class Connection:
    """One that is fit to be lent again."""

    def is_closed(self) -> bool:
        return False

    def is_in_transaction(self) -> bool:
        return False


class Pool:
    """Knows what it has lent; returning may fail."""

    def __init__(self) -> None:
        self.lent: set[Any] = set()
        self.error: Exception | None = None

    async def acquire(self, timeout: float) -> Any:  # noqa: ARG002  as asyncpg's
        connection = Connection()
        self.lent.add(connection)
        return connection

    async def _release(self, connection: Any) -> None:
        self.lent.discard(connection)
        if self.error is not None:
            raise self.error

    async def release(self, connection: Any) -> None:
        await asyncio.shield(self._release(connection))  # as asyncpg's does


async def lender(pool: Pool) -> Lender:
    """Keep three connections."""
    lender = Lender(cast("Any", pool), wait_seconds=1)
    connections = [await lender.lend() for _ in range(3)]
    for connection in connections:
        await lender.take_back(connection, failed=False)
    return lender


async def test_a_return_cut_short_loses_no_connection() -> None:
    """What the probe did not get to in its time is returned the next time."""
    pool = Pool()
    lending = await lender(pool)
    returning = asyncio.create_task(lending.return_kept())
    await asyncio.sleep(0)
    returning.cancel()
    await asyncio.wait([returning])
    await lending.return_kept()
    assert not pool.lent


async def test_a_connection_that_can_not_be_returned_takes_no_other_with_it() -> None:
    """The others are still kept, and returned the next time."""
    pool = Pool()
    lending = await lender(pool)
    pool.error = ConnectionResetError()
    with pytest.raises(ConnectionResetError):
        await lending.return_kept()
    pool.error = None
    await lending.return_kept()
    assert not pool.lent
