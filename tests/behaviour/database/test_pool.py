"""The pool of connections when the server goes away in the middle of a statement."""

from __future__ import annotations

import asyncpg
import pytest

from herald.database.pool import Connection, Database, is_outage


async def backend(connection: Connection) -> int:
    """Return the process that serves a connection."""
    process: int = await connection.fetchval("SELECT pg_backend_pid()")
    return process


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
