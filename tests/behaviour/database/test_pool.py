"""The pool of connections when the server goes away in the middle of a statement."""

from __future__ import annotations

import asyncpg
import pytest

from herald.database.pool import Database, is_outage


async def test_a_connection_in_a_broken_state_is_not_lent_again(postgres_dsn: str) -> None:
    """What asyncpg calls an internal error is an outage, and its connection is closed for good."""
    database = Database(postgres_dsn, application_name="test", max_connections=1)
    await database.start()
    with pytest.raises(asyncpg.InternalClientError) as caught:
        async with database.connection() as connection:
            broken = await connection.fetchval("SELECT pg_backend_pid()")
            raise asyncpg.InternalClientError("cannot switch to state 12")
    assert is_outage(caught.value)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != broken
    await database.stop()
