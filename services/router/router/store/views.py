"""Reading one message whole, for the read API."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from herald.database.pool import Connection
from herald.database.queries import load_queries

QUERIES = load_queries("router.store", "views.sql")


async def show_message(connection: Connection, message_id: UUID) -> asyncpg.Record | None:
    """Read one message's row."""
    return await connection.fetchrow(QUERIES["show_message"], message_id)


async def show_history(
    connection: Connection, created_at: datetime, message_id: UUID
) -> list[asyncpg.Record]:
    """Read one message's history, in order."""
    return await connection.fetch(QUERIES["show_history"], created_at.date(), message_id)
