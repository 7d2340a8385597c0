"""Messages with a deadline that has passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.message import Message
from router.store.messages import message_of

QUERIES = load_queries("router.store", "due.sql")


async def find_due(
    connection: Connection, now: datetime, gates: Mapping[str, datetime], limit: int
) -> list[UUID]:
    """Find messages whose deadline has passed: `limit` by the clock, and as many by each gate."""
    rows = await connection.fetch(
        QUERIES["find_due"], now, list(gates), list(gates.values()), limit
    )
    return [row["id"] for row in rows]


async def lock_due(
    connection: Connection, ids: Sequence[UUID], now: datetime, gates: Mapping[str, datetime]
) -> list[Message]:
    """Lock and load those of `ids` whose deadline has passed and that no other router has."""
    rows = await connection.fetch(QUERIES["lock_due"], now, list(gates), list(gates.values()), ids)
    return [message_of(row) for row in rows]


async def postpone(connection: Connection, message_id: UUID, until: datetime) -> None:
    """Put off what is due for a message that can't be decided."""
    await connection.execute(QUERIES["postpone"], message_id, until)
