"""The pool of connections: what is lent again, and when the server or its caller goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from herald.database.pool import Connection, Database, is_outage


async def backend(connection: Connection) -> int:
    """Return the process that serves a connection."""
    process: int = await connection.fetchval("SELECT pg_backend_pid()")
    return process


@pytest_asyncio.fixture
async def database(postgres_dsn: str) -> AsyncIterator[Database]:
    """Make a pool of one connection."""
    database = Database(postgres_dsn, application_name="test", max_connections=1)
    await database.start()
    yield database
    await database.stop()


async def test_a_connection_is_lent_again(database: Database) -> None:
    """By one loan after the other."""
    backends = []
    for _ in range(3):
        async with database.connection() as connection:
            backends.append(await backend(connection))
    assert len(set(backends)) == 1


async def test_who_waits_gets_the_connection_that_comes_back(database: Database) -> None:
    """It goes by the pool, which knows whose turn it is."""

    async def lend() -> int:
        async with database.connection() as connection:
            return await backend(connection)

    async with database.connection() as connection:
        loans = [asyncio.create_task(lend()) for _ in range(3)]
        await asyncio.sleep(0)
        mine = await backend(connection)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*loans) == [mine] * 3


async def test_a_transaction_left_open_is_rolled_back(database: Database) -> None:
    """The next loan begins outside of it."""
    async with database.connection() as connection:
        await connection.execute("BEGIN")
        before = await backend(connection)
    async with database.connection() as connection:
        assert not connection.is_in_transaction()
        assert await backend(connection) == before


async def test_a_connection_that_the_server_closed_is_not_lent_again(
    database: Database, postgres_dsn: str
) -> None:
    """Whoever asks next gets another one."""
    async with database.connection() as connection:
        before = await backend(connection)
    other = await asyncpg.connect(postgres_dsn)
    await other.execute("SELECT pg_terminate_backend($1)", before)
    await other.close()
    await asyncio.sleep(0.1)
    async with database.connection() as connection:
        assert await backend(connection) != before


async def test_a_statement_that_was_cut_short_is_over_when_its_connection_is_lent_again(
    database: Database,
) -> None:
    """Its caller was cancelled in the middle."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), database.connection() as connection:
            await connection.execute("SELECT pg_sleep(5)")
    async with asyncio.timeout(3), database.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_connection_in_a_broken_state_is_not_lent_again(postgres_dsn: str) -> None:
    """What asyncpg calls an internal error is an outage, and its connection is closed for good."""
    database = Database(postgres_dsn, application_name="test", max_connections=1)
    await database.start()
    async with database.connection() as connection:
        before = await backend(connection)

    async def break_it() -> None:
        async with database.connection():
            raise asyncpg.InternalClientError("cannot switch to state 12")

    with pytest.raises(asyncpg.InternalClientError) as caught:
        await break_it()
    assert is_outage(caught.value)
    async with database.connection() as connection:
        assert await backend(connection) != before
    await database.stop()
