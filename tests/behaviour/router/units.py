"""Units of work of a test's own, and the router's that fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import create_autospec

import pytest

from herald.bus.publishing import Publisher
from herald.config.file import RetryRules
from herald.database.pool import COMMAND_SECONDS, Connection, Database
from router.outbox import Outbox
from router.unit_of_work import UnitsOfWork


@asynccontextmanager
async def units_of_work(
    dsn: str, command_seconds: float = COMMAND_SECONDS
) -> AsyncIterator[UnitsOfWork]:
    """Open units of work that have nothing to publish."""
    database = Database(dsn, application_name="test", command_seconds=command_seconds)
    await database.start()
    try:
        nowhere = create_autospec(Publisher, instance=True)
        yield UnitsOfWork(database, Outbox(database, nowhere, nowhere), RetryRules())
    finally:
        await database.stop()


def lose_one_commit(monkeypatch: pytest.MonkeyPatch, query: str, *arguments: Any) -> list[str]:
    """Make the first transaction in which `query` finds something fail at its end.

    Returns a list that says so once it has happened.
    """
    begin, lost = Database.transaction, list[str]()

    @asynccontextmanager
    async def transaction(database: Database) -> AsyncIterator[Connection]:
        async with begin(database) as connection:
            yield connection
            if not lost and await connection.fetchval(query, *arguments):
                lost.append("lost")
                raise OSError

    monkeypatch.setattr(Database, "transaction", transaction)
    return lost
