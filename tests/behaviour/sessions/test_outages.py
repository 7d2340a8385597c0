"""The database goes away while a session is used, or while its next token is obtained."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from behaviour.channel.gate import Gate, gated
from behaviour.sessions.making import Endpoint, worker
from herald.database.pool import Database
from herald.providers.credentials import NoTokenError


@pytest_asyncio.fixture
async def gate(schema: str, rows: asyncpg.Connection) -> AsyncIterator[Gate]:
    """Give a way to the database that can be shut."""
    async with gated(schema) as gate:
        yield gate


@pytest_asyncio.fixture
async def behind(gate: Gate) -> AsyncIterator[Database]:
    """Give the database by that way."""
    database = Database(gate.url, application_name="test")
    await database.start()
    yield database
    await database.stop()


async def test_the_token_in_memory_is_used_until_its_end(
    behind: Database, gate: Gate, keys: Path
) -> None:
    """Calls go on without the database; past the token's end the work waits, untried."""
    one = worker(behind, Endpoint(), keys)
    assert await one.value() == "token-1"
    await gate.shut()
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await one.turn()
    assert await one.value() == "token-1"
    one.now[0] += 3600
    with pytest.raises(NoTokenError) as error:
        await one.session.token()
    assert (error.value.code, error.value.is_refused) == ("session_database", False)
    await gate.open()


async def test_a_token_that_could_not_be_stored_is_stored_later(
    behind: Database, gate: Gate, database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """The old refresh token is void: the new one is kept, and nobody else asks meanwhile."""
    endpoint = Endpoint(rotates=True)
    endpoint.may_answer.clear()
    one, other = worker(behind, endpoint, keys), worker(database, endpoint, keys)
    asking = asyncio.create_task(one.session.token())
    await endpoint.asked.wait()
    await gate.shut()
    endpoint.may_answer.set()
    async with asyncio.timeout(5):
        while one.session.holding.held is None:  # noqa: ASYNC110  seen from outside
            await asyncio.sleep(0.01)
    assert await one.value() == "token-1"
    await rows.execute("UPDATE channel.sessions SET lease_until = clock_timestamp()")
    await other.turn()  # the lease is over, and its holder may be about to come back
    assert len(endpoint.requests) == 1
    await gate.open()
    await asking
    assert await other.value() == "token-1"
    assert endpoint.used == {"first": 1}
