"""The frames that committed transactions promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from herald.database.pool import Connection
from herald.database.queries import load_queries

QUERIES = load_queries("router.store", "outbox.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """An outbox row: the frames a transaction promises, and until when it is ours to publish."""

    id: UUID
    frames: str  # JSON
    claimed_until: datetime


async def claim_lapsed_outbox(
    connection: Connection, now: datetime, claim: timedelta, limit: int
) -> list[tuple[UUID, str, datetime]]:
    """Take over outbox rows that nobody is publishing any more: id, frames, when it was made."""
    rows = await connection.fetch(QUERIES["claim_lapsed_outbox"], now, claim, limit)
    return [(row["id"], row["frames"], row["created_at"]) for row in rows]


async def keep_events(connection: Connection, events: Promise) -> None:
    """Leave in a row the events that nobody took yet."""
    await connection.execute(QUERIES["keep_events"], events.id, events.frames, events.claimed_until)


async def forget_outbox(connection: Connection, ids: Sequence[UUID]) -> None:
    """Drop outbox rows that were settled."""
    await connection.execute(QUERIES["forget_outbox"], ids)


async def outbox_backlog(connection: Connection) -> tuple[int, float]:
    """Return how many outbox rows wait and the age of the oldest in seconds."""
    row = await connection.fetchrow(QUERIES["outbox_backlog"])
    assert row is not None, "an aggregate has one row"
    return row["rows"], row["age_seconds"] or 0.0
