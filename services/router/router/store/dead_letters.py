"""Dead letters in the database: inserted, listed, replayed, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg
from msgspec import Struct

from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.dead_letters import DeadLetter

QUERIES = load_queries("router.store", "dead_letters.sql")


class StoredDeadLetter(Struct, frozen=True, kw_only=True):
    """A dead letter as it is kept, and how it was replayed last, if it was."""

    dead_letter: DeadLetter
    replayed_at: datetime | None
    replayed_by: str | None
    replay_cause: str | None  # the command that did it
    replay_result: str | None  # None while it is under way


class Filter(Struct, frozen=True, kw_only=True):
    """Which dead letters to list; None lets all pass. `before`: those older than that one."""

    queue: str | None = None
    reason: str | None = None  # what it begins with
    tenant: str | None = None
    since: datetime | None = None
    before: tuple[datetime, str] | None = None
    replayed: bool | None = None


async def insert_dead_letters(
    connection: Connection, dead_letters: Sequence[DeadLetter]
) -> list[str]:
    """Insert dead letters; one that is there already stays as it is.

    If it is being replayed, it says that it was refused again. Returns the queues of the new ones.
    """
    if not dead_letters:
        return []
    rows = await connection.fetch(
        QUERIES["insert_dead_letters"],
        [one.id for one in dead_letters],
        [one.queue for one in dead_letters],
        [one.reason for one in dead_letters],
        [one.exchange for one in dead_letters],
        [one.routing_key for one in dead_letters],
        [one.headers for one in dead_letters],
        [one.body for one in dead_letters],
        [one.message_id for one in dead_letters],
        [one.correlation_id for one in dead_letters],
        [one.user for one in dead_letters],
        [one.tenant for one in dead_letters],
        [one.idempotency_key for one in dead_letters],
    )
    return [row["queue"] for row in rows if row["is_new"]]


async def lock_dead_letter(connection: Connection, dead_letter_id: str) -> StoredDeadLetter | None:
    """Lock and load a dead letter."""
    row = await connection.fetchrow(QUERIES["lock_dead_letter"], dead_letter_id)
    return _stored(row) if row is not None else None


async def begin_replay(connection: Connection, dead_letter_id: str, user: str, cause: str) -> None:
    """Mark a dead letter as being replayed."""
    await connection.execute(QUERIES["begin_replay"], dead_letter_id, user, cause)


async def end_replay(
    connection: Connection, dead_letter_id: str, result: str, parts: Sequence[str] = ()
) -> str | None:
    """Write how a replay ended unless it was refused again; return what is written there.

    `parts`: the message ids of what it brought. None: the dead letter is gone meanwhile.
    """
    query = QUERIES["end_replay"]
    written: str | None = await connection.fetchval(query, dead_letter_id, result, parts)
    return written


async def delete_dead_letter(connection: Connection, dead_letter_id: str) -> None:
    """Delete a dead letter."""
    await connection.execute(QUERIES["delete_dead_letter"], dead_letter_id)


async def was_dropped(connection: Connection, dead_letter_id: str, act: str) -> bool:
    """Return whether an operator deleted it before."""
    return bool(await connection.fetchval(QUERIES["was_dropped"], dead_letter_id, act))


async def list_dead_letters(
    connection: Connection, which: Filter, limit: int
) -> list[asyncpg.Record]:
    """List dead letters without their bodies, the newest first."""
    at, name = which.before or (None, None)
    return await connection.fetch(
        QUERIES["list_dead_letters"],
        which.queue,
        which.reason,
        which.tenant,
        which.since,
        at,
        name,
        which.replayed,
        limit,
    )


async def show_dead_letter(connection: Connection, dead_letter_id: str) -> asyncpg.Record | None:
    """Read one dead letter whole."""
    return await connection.fetchrow(QUERIES["show_dead_letter"], dead_letter_id)


async def find_rejections(connection: Connection, tenant: str, key: str) -> list[asyncpg.Record]:
    """Find the refused commands of a tenant under a key, in order."""
    return await connection.fetch(QUERIES["find_rejections"], tenant, key)


def _stored(row: asyncpg.Record) -> StoredDeadLetter:
    return StoredDeadLetter(
        dead_letter=DeadLetter(
            id=row["id"],
            queue=row["queue"],
            reason=row["reason"],
            exchange=row["exchange"],
            routing_key=row["routing_key"],
            body=row["body"],
            message_id=row["message_id"],
            correlation_id=row["correlation_id"],
            user=row["broker_user"],
            tenant=row["tenant"],
            idempotency_key=row["idempotency_key"],
        ),
        replayed_at=row["replayed_at"],
        replayed_by=row["replayed_by"],
        replay_cause=row["replay_cause"],
        replay_result=row["replay_result"],
    )
