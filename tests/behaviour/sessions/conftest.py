"""A migrated database without sessions, and a file with one key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from behaviour.sessions.making import keys_file
from herald.database.migrations import migrate
from herald.database.pool import Database


@pytest_asyncio.fixture(scope="module")
async def schema(postgres_dsn: str) -> str:
    """Give the module's database, migrated."""
    await migrate(postgres_dsn)
    return postgres_dsn


@pytest_asyncio.fixture
async def rows(schema: str) -> AsyncIterator[asyncpg.Connection]:
    """Give the test's own look at the rows, which are gone."""
    connection = await asyncpg.connect(schema)
    await connection.execute("TRUNCATE channel.sessions")
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def database(schema: str, rows: asyncpg.Connection) -> AsyncIterator[Database]:
    """Give the workers' way to the database."""
    database = Database(schema, application_name="test")
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Give a keys file."""
    return keys_file(tmp_path)
