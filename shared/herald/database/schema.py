"""Waiting for the schema: services start before the migration job has run, and say so."""

from __future__ import annotations

import asyncio

import structlog

from herald.database.migrations import missing_migrations
from herald.database.pool import OUTAGES, Database

POLL_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class SchemaWatch:
    """Knows whether the migrations that a service needs are applied."""

    def __init__(
        self, database: Database, schemas: tuple[str, ...], *, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._database = database
        self._poll_seconds = poll_seconds
        self._schemas = schemas
        self.problem: str | None = "the schema was not looked at yet"

    async def wait(self) -> None:
        """Return once every needed migration is applied."""
        while True:
            problem = await self._look()
            if problem != self.problem and problem is not None:
                _log.warning("schema.missing", reason=problem)
            self.problem = problem
            if problem is None:
                return
            await asyncio.sleep(self._poll_seconds)

    async def _look(self) -> str | None:
        try:
            async with self._database.connection() as connection:
                missing = [
                    name
                    for schema in self._schemas
                    for name in await missing_migrations(connection, schema)
                ]
        except OUTAGES as error:
            return f"PostgreSQL can't be asked: {type(error).__name__}"
        return f"run `herald migrate`: missing {', '.join(missing)}" if missing else None
