"""What migrations make, and a service on a database that was not migrated for it yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import structlog

from behaviour.bus.rabbit import until
from herald.database.migrations import known_migrations, migrate
from herald.database.pool import Database
from herald.database.schema import SchemaWatch

NEWEST = max(item for item in known_migrations() if item.schema == "router")


async def test_a_service_waits_for_its_migrations_and_names_them(postgres_dsn: str) -> None:
    """Newer than its schema, it says once what is missing, and begins when that is applied."""
    await migrate(postgres_dsn)
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(
        "DELETE FROM public.herald_migrations WHERE schema = $1 AND number = $2",
        *(NEWEST.schema, NEWEST.number),
    )
    database = Database(postgres_dsn, application_name="test")
    await database.start()
    watch = SchemaWatch(database, ("channel", "router"), poll_seconds=0.05)
    missing = f"run `herald migrate`: missing router/{NEWEST.number:04}_{NEWEST.name}"
    with structlog.testing.capture_logs() as lines:
        waiting = asyncio.create_task(watch.wait())
        await until(lambda: watch.problem == missing)
        assert not waiting.done()
        await connection.execute(
            "INSERT INTO public.herald_migrations (schema, number, name) VALUES ($1, $2, $3)",
            *(NEWEST.schema, NEWEST.number, NEWEST.name),
        )
        async with asyncio.timeout(5):
            await waiting
    assert watch.problem is None
    assert [line["reason"] for line in lines if line["event"] == "schema.missing"] == [missing]
    await connection.close()
    await database.stop()


async def test_a_service_older_than_its_schema_begins(postgres_dsn: str) -> None:
    """Migrations only add, so what a later version needs is no business of an earlier one's."""
    with structlog.testing.capture_logs() as lines:
        async with watched(postgres_dsn, "more_columns") as watch, asyncio.timeout(5):
            await watch.wait()
    assert watch.problem is None
    assert [line["later"] for line in lines if line["event"] == "schema.newer"] == [
        ["router/9999_more_columns"]
    ]


async def test_a_service_waits_before_a_schema_that_took_something_away(postgres_dsn: str) -> None:
    """It says that it is too old, and consumes nothing."""
    with structlog.testing.capture_logs() as lines:
        async with watched(postgres_dsn, "contract_status") as watch:
            waiting = asyncio.create_task(watch.wait())
            await until(lambda: str(watch.problem).startswith("the schema is newer"))
            assert not waiting.done()
            waiting.cancel()
    expected = (
        "the schema is newer than this version can use:"
        " router/9999_contract_status; run a later version"
    )
    assert watch.problem == expected
    assert [line["reason"] for line in lines if line["event"] == "schema.too_new"] == [expected]


async def test_the_outbox_is_compressed_by_lz4(postgres_dsn: str) -> None:
    """Where the server was built with it; otherwise as the server does it."""
    await migrate(postgres_dsn)
    connection = await asyncpg.connect(postgres_dsn)
    has_lz4 = await connection.fetchval(
        "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
    )
    compression = await connection.fetchval(
        "SELECT attcompression::text FROM pg_attribute"
        " WHERE attrelid = 'router.outbox'::regclass AND attname = 'frames'"
    )
    await connection.close()
    assert compression == ("l" if has_lz4 else "")


@asynccontextmanager
async def watched(dsn: str, later: str) -> AsyncIterator[SchemaWatch]:
    """Watch a database in which a later version applied a migration of that name."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "INSERT INTO public.herald_migrations (schema, number, name) VALUES ('router', 9999, $1)",
        later,
    )
    database = Database(dsn, application_name="test")
    await database.start()
    try:
        yield SchemaWatch(database, ("channel", "router"), poll_seconds=0.05)
    finally:
        await connection.execute("DELETE FROM public.herald_migrations WHERE number = 9999")
        await connection.close()
        await database.stop()
