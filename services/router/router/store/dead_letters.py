"""What nobody could handle, kept for the operator: buried, found, replayed, dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.dead_letters import DeadLetter

QUERIES = load_queries("router.store", "dead_letters.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeadLetter:
    """A dead letter as it is kept, and how it was replayed last, if it was."""

    letter: DeadLetter
    replayed_at: datetime | None
    replayed_by: str | None
    replay_cause: str | None  # the command that did it
    replay_result: str | None  # None while it is under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which dead letters to list; None lets all pass. `before`: those older than that one."""

    queue: str | None = None
    reason: str | None = None  # what it begins with
    tenant: str | None = None
    since: datetime | None = None
    before: tuple[datetime, str] | None = None
    replayed: bool | None = None


async def insert_dead_letters(connection: Connection, letters: Sequence[DeadLetter]) -> list[str]:
    """Keep dead letters for the operator; one that is kept already stays as it is.

    Only if it is being replayed it says that it died again. Returns the queues of the new ones.
    """
    if not letters:
        return []
    rows = await connection.fetch(
        QUERIES["insert_dead_letters"],
        [letter.id for letter in letters],
        [letter.queue for letter in letters],
        [letter.reason for letter in letters],
        [letter.exchange for letter in letters],
        [letter.routing_key for letter in letters],
        [letter.headers for letter in letters],
        [letter.body for letter in letters],
        [letter.message_id for letter in letters],
        [letter.correlation_id for letter in letters],
        [letter.user for letter in letters],
        [letter.tenant for letter in letters],
        [letter.idempotency_key for letter in letters],
    )
    return [row["queue"] for row in rows if row["is_new"]]


async def lock_dead_letter(connection: Connection, letter_id: str) -> StoredDeadLetter | None:
    """Lock and load a dead letter."""
    row = await connection.fetchrow(QUERIES["lock_dead_letter"], letter_id)
    return _kept(row) if row is not None else None


async def begin_replay(connection: Connection, letter_id: str, user: str, cause: str) -> None:
    """Mark a dead letter as being replayed."""
    await connection.execute(QUERIES["begin_replay"], letter_id, user, cause)


async def end_replay(connection: Connection, letter_id: str, result: str) -> str | None:
    """Write how a replay ended unless the letter died again; return what stands there.

    None: the letter is gone meanwhile.
    """
    written: str | None = await connection.fetchval(QUERIES["end_replay"], letter_id, result)
    return written


async def delete_dead_letter(connection: Connection, letter_id: str) -> None:
    """Delete a dead letter."""
    await connection.execute(QUERIES["delete_dead_letter"], letter_id)


async def was_dropped(connection: Connection, letter_id: str, act: str) -> bool:
    """Tell whether an operator deleted it before."""
    return bool(await connection.fetchval(QUERIES["was_dropped"], letter_id, act))


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


async def show_dead_letter(connection: Connection, letter_id: str) -> asyncpg.Record | None:
    """Read one dead letter whole."""
    return await connection.fetchrow(QUERIES["show_dead_letter"], letter_id)


async def find_rejections(connection: Connection, tenant: str, key: str) -> list[asyncpg.Record]:
    """Find the refused commands of a tenant under a key, in order."""
    return await connection.fetch(QUERIES["find_rejections"], tenant, key)


def _kept(row: asyncpg.Record) -> StoredDeadLetter:
    return StoredDeadLetter(
        letter=DeadLetter(
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
