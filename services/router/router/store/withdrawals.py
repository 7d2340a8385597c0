"""The row that arbitrates with the channels: taken back, or a worker was first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from herald.database.pool import Connection
from herald.database.queries import load_queries

QUERIES = load_queries("router.store", "withdrawals.sql")


async def withdraw(
    connection: Connection, attempt_ids: Iterable[str]
) -> dict[str, tuple[str, datetime | None]]:
    """Take attempts back; return each one's state and lease as its row stands now."""
    rows = await connection.fetch(QUERIES["withdraw"], sorted(attempt_ids))
    return {row["attempt_id"]: (row["state"], row["lease_until"]) for row in rows}
