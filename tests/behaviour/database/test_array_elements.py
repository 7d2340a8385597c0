"""Arrays as statements get them: what is one, and what is an element of one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from asyncpg.protocol import protocol

from herald.database.array_elements import NAMES
from herald.database.pool import Connection, Database

ELEMENTS: list[tuple[str, list[Any]]] = [
    ("text", ["a", "", None, "NULL", '{"b"}']),
    ("uuid", [UUID(int=1), None, UUID(int=2)]),
    ("bytea", [b"a", b"", None]),
    ("timestamptz", [datetime(2026, 3, 1, tzinfo=UTC), None]),
    ("json", ['{"a": [1]}', None]),
    ("int", [1, None, -1]),
    ("text", [["a", "b"], ["c", None]]),
    ("int", []),
]


@pytest_asyncio.fixture
async def connection(postgres_dsn: str) -> AsyncIterator[Connection]:
    """Lend a connection of a service's pool."""
    database = Database(postgres_dsn, application_name="test", max_connections=1)
    await database.start()
    async with database.connection() as connection:
        yield connection
    await database.stop()


def test_asyncpg_still_has_the_names() -> None:
    """Under others it would ask as before, and nobody would see what that costs."""
    assert all(hasattr(protocol, name) for name in NAMES)


@pytest.mark.parametrize(("kind", "elements"), ELEMENTS)
@pytest.mark.parametrize("container", [list, tuple])
async def test_an_array_comes_back_as_it_went(
    connection: Connection, kind: str, elements: list[Any], container: type
) -> None:
    """From lists and tuples, with NULL in them, and of two dimensions."""
    assert await connection.fetchval(f"SELECT $1::{kind}[]", container(elements)) == elements


@pytest.mark.parametrize("other", [{"a"}, {"a": 1}.keys(), "a", iter(["a"]), 1])
async def test_what_is_neither_list_nor_tuple_is_no_array(
    connection: Connection, other: object
) -> None:
    """Whoever gives it learns so from the first call."""
    with pytest.raises(asyncpg.DataError, match="a sized iterable container expected"):
        await connection.fetchval("SELECT $1::text[]", other)
