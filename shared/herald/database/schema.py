"""Waiting for the schema: services start before the migration job has run, and say so."""

from __future__ import annotations

import asyncio

import structlog

from herald.database.migrations import Difference, difference
from herald.database.pool import OUTAGES, Database

POLL_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class SchemaWatch:
    """Knows whether the migrations that a service needs are applied, and none that ends it."""

    def __init__(
        self, database: Database, schemas: tuple[str, ...], *, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._database = database
        self._poll_seconds = poll_seconds
        self._schemas = schemas
        self.problem: str | None = "the schema was not looked at yet"

    async def wait(self) -> None:
        """Return once the schema is one that this code can use."""
        while True:
            found = await self._look()
            problem = "PostgreSQL can't be asked" if found is None else _problem(found)
            if found is not None and problem is not None and problem != self.problem:
                _log.error(
                    "schema.too_new" if found.contracted else "schema.missing", reason=problem
                )
            self.problem = problem
            if found is not None and problem is None:
                if found.later:
                    _log.info("schema.newer", later=list(found.later))
                return
            await asyncio.sleep(self._poll_seconds)

    async def _look(self) -> Difference | None:
        """Compare; None: the database is away, which it says itself."""
        try:
            async with self._database.connection() as connection:
                return await difference(connection, self._schemas)
        except OUTAGES:
            return None


def _problem(found: Difference) -> str | None:
    if found.contracted:
        return (
            "the schema is newer than this version can use:"
            f" {', '.join(found.contracted)}; run a later version"
        )
    return f"run `herald migrate`: missing {', '.join(found.missing)}" if found.missing else None
