"""What nobody could handle, kept for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from herald.database.pool import Connection
from router.store import QUERIES


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What nobody could handle."""

    id: str
    queue: str
    reason: str
    exchange: str
    routing_key: str
    headers: str  # JSON
    body: bytes


async def bury(connection: Connection, letters: Sequence[DeadLetter]) -> list[str]:
    """Keep dead letters for the operator; one that is kept already stays as it is.

    Returns the queues of the new ones.
    """
    rows = await connection.fetch(
        QUERIES["bury"],
        [letter.id for letter in letters],
        [letter.queue for letter in letters],
        [letter.reason for letter in letters],
        [letter.exchange for letter in letters],
        [letter.routing_key for letter in letters],
        [letter.headers for letter in letters],
        [letter.body for letter in letters],
    )
    return [row["queue"] for row in rows]
