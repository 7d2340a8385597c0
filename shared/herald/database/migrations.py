"""Applying the numbered migrations of the two schemas, and checking that they were applied.

Migrations expand and contract: code accepts any schema at or above the number it needs, until one
whose name begins with `contract_` takes away what it uses.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from herald.database.pool import Connection
from herald.database.rights import act_as, keep_rights, roles_of

SCHEMAS = ("channel", "router")
# Serialises migration jobs that start together; the number only has to be ours.
_ADVISORY_LOCK = 0x6865_7261
CONTRACTING = "contract_"  # how the name of a migration begins that takes something away
_FILENAME = re.compile(r"(\d{4})_([a-z_]+)\.sql")

_CREATE_RECORD = """
CREATE TABLE IF NOT EXISTS public.herald_migrations (
    schema text NOT NULL,
    number int NOT NULL,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (schema, number)
)
"""

_RECORD = "INSERT INTO public.herald_migrations (schema, number, name) VALUES ($1, $2, $3)"


@dataclass(frozen=True, slots=True, order=True)
class Migration:
    """One numbered SQL file."""

    schema: str
    number: int
    name: str
    sql: str


def known_migrations() -> list[Migration]:
    """Return every migration in the order in which they are applied."""
    return sorted(
        Migration(schema, int(match[1]), match[2], file.read_text())
        for schema in SCHEMAS
        for file in files("herald").joinpath("migrations", schema).iterdir()
        if (match := _FILENAME.fullmatch(file.name))
    )


async def migrate(dsn: str) -> list[Migration]:
    """Apply what is missing, each in its own transaction, and return it.

    In a database that was set up with roles all is done as their owner, and each role's rights are
    brought up to date. Safe to run twice at once.
    """
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        async with locked(connection):
            roles = await roles_of(connection)
            if roles is not None:
                await act_as(connection, roles)
            missing = await apply_missing(connection)
            if roles is not None:
                await keep_rights(connection, roles)
            return missing
    finally:
        await connection.close()


@asynccontextmanager
async def locked(connection: Connection) -> AsyncIterator[None]:
    """Keep other migrations of this database waiting for the time of a block."""
    await connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_LOCK)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", _ADVISORY_LOCK)


async def apply_missing(connection: Connection) -> list[Migration]:
    """Apply what is missing, each in its own transaction, and return it."""
    await connection.execute(_CREATE_RECORD)
    applied = await _applied(connection)
    missing = [item for item in known_migrations() if (item.schema, item.number) not in applied]
    for migration in missing:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(_RECORD, migration.schema, migration.number, migration.name)
    return missing


@dataclass(frozen=True, slots=True)
class Difference:
    """How a database's schemas differ from what this code was written for."""

    missing: tuple[str, ...] = ()  # needed and not applied
    later: tuple[str, ...] = ()  # applied by a later version, and harmless
    contracted: tuple[
        str, ...
    ] = ()  # applied by a later version, and taken away what this one uses


async def difference(connection: Connection, schemas: Collection[str]) -> Difference:
    """Compare what is applied of `schemas` with what this code knows."""
    record = await connection.fetchval("SELECT to_regclass('public.herald_migrations')")
    applied = await _names_applied(connection, schemas) if record else {}
    known = {(item.schema, item.number): item.name for item in known_migrations()}
    newer = {key: name for key, name in applied.items() if key not in known}
    return Difference(
        missing=_titles({k: n for k, n in known.items() if k[0] in schemas and k not in applied}),
        later=_titles({k: n for k, n in newer.items() if not n.startswith(CONTRACTING)}),
        contracted=_titles({k: n for k, n in newer.items() if n.startswith(CONTRACTING)}),
    )


def _titles(migrations: Mapping[tuple[str, int], str]) -> tuple[str, ...]:
    return tuple(f"{schema}/{number:04}_{name}" for (schema, number), name in migrations.items())


async def _names_applied(
    connection: Connection, schemas: Collection[str]
) -> dict[tuple[str, int], str]:
    rows = await connection.fetch(
        "SELECT schema, number, name FROM public.herald_migrations"
        " WHERE schema = ANY ($1) ORDER BY schema, number",
        list(schemas),
    )
    return {(row["schema"], row["number"]): row["name"] for row in rows}


async def _applied(connection: Connection) -> set[tuple[str, int]]:
    rows = await connection.fetch("SELECT schema, number FROM public.herald_migrations")
    return {(row["schema"], row["number"]) for row in rows}
