"""Databases and roles of a server, made and removed through an administrator's DSN."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import asyncpg

from herald_local.errors import LocalError

TIMEOUT_SECONDS = 30


def accepts(dsn: str) -> bool:
    """Say whether the database accepts a connection."""
    try:
        _finish(_execute(dsn, "SELECT 1"))
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    return True


def create_database(admin_dsn: str, name: str) -> str:
    """Create a database and return its DSN.

    Raises:
        LocalError: the server refuses or is away.
    """
    _require(admin_dsn, f"CREATE DATABASE {_quoted(name)}")
    return urlsplit(admin_dsn)._replace(path=f"/{name}").geturl()


def ensure_database(admin_dsn: str, name: str) -> None:
    """Create a database unless it is there.

    Raises:
        LocalError: the server refuses or is away.
    """
    statement = f"CREATE DATABASE {_quoted(name)}"
    try:
        _finish(_execute(admin_dsn, statement))
    except asyncpg.DuplicateDatabaseError:
        return
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise LocalError(f"PostgreSQL: {statement}: {error}") from None


def drop_database(admin_dsn: str, name: str) -> None:
    """Drop a database, ending all its connections; one that is gone is fine.

    Raises:
        LocalError: the server refuses or is away.
    """
    _require(admin_dsn, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


def drop_roles(admin_dsn: str, names: Sequence[str]) -> None:
    """Drop roles that own nothing any more; those that are gone are fine.

    Raises:
        LocalError: the server refuses or is away.
    """
    for name in names:
        _require(admin_dsn, f"DROP ROLE IF EXISTS {_quoted(name)}")


def _require(admin_dsn: str, statement: str) -> None:
    try:
        _finish(_execute(admin_dsn, statement))
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise LocalError(f"PostgreSQL: {statement}: {error}") from None


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=TIMEOUT_SECONDS)
    try:
        await connection.execute(statement, timeout=TIMEOUT_SECONDS)
    finally:
        await connection.close()


def _finish(work: Coroutine[None, None, None]) -> None:
    # in a thread of its own: a caller may already run, or keep, an event loop in this one
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
