"""Messages that are sent again: locked whole, and linked to the message in their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from herald.database.pool import Connection
from router.commands import EndedMessage
from router.store.messages import QUERIES, message_of, read_contents


async def lock_ended(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, EndedMessage]:
    """Lock and load messages with all that they say; ids that don't exist are left out."""
    rows = await connection.fetch(QUERIES["lock_ended"], sorted(ids))
    return {
        row["id"]: EndedMessage(
            message=message_of(row),
            contents=read_contents(row["content"]),
            command_hash=row["command_hash"],
            resent_as=row["resent_as"],
        )
        for row in rows
    }


async def mark_resent(connection: Connection, resent: Mapping[UUID, UUID]) -> None:
    """Name the message that took each one's place."""
    await connection.execute(QUERIES["mark_resent"], list(resent), list(resent.values()))
