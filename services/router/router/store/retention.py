"""Deleting in small batches; ages are judged by the database's clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from herald.database.pool import Connection
from herald.database.queries import load_queries

QUERIES = load_queries("router.store", "retention.sql")

FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MESSAGE = UUID(int=0)
LAST_MESSAGE = UUID(int=2**128 - 1)


class LookedAt(Struct, frozen=True, kw_only=True):
    """References that came long ago: how many were looked at, up to when, and what may go."""

    number: int
    until: datetime | None
    over: tuple[Sequence[str], Sequence[str], Sequence[str]]  # providers, accounts, references


async def claim_retention(connection: Connection) -> bool:
    """Take the turn until the transaction ends; False when another router has it."""
    return bool(await connection.fetchval(QUERIES["claim_retention"]))


async def lock_to_erase(connection: Connection, age: timedelta, limit: int) -> list[UUID]:
    """Lock messages that ended `age` ago and were not erased."""
    rows = await connection.fetch(QUERIES["lock_to_erase"], age, limit)
    return [row["id"] for row in rows]


async def erase_messages(connection: Connection, ids: Sequence[UUID]) -> int:
    """Erase the contents of locked messages; return how many facts lost the provider's words."""
    attempts: list[str] = []
    days: dict[date, list[UUID]] = defaultdict(list)
    emptied = 0
    for row in await connection.fetch(QUERIES["erase_messages"], ids):
        attempts += row["attempts"]
        days[row["day"]].append(row["id"])
    for day, messages in sorted(days.items()):
        emptied += await connection.fetchval(QUERIES["erase_elements"], day, messages)
    await erase_attempts(connection, attempts)
    return emptied


async def erase_attempts(connection: Connection, attempts: Sequence[str]) -> list[str]:
    """Erase what channels keep of attempts; return those that are not over."""
    if not attempts:
        return []
    rows = await connection.fetch(QUERIES["erase_attempts"], attempts)
    return [row["attempt_id"] for row in rows]


async def delete_messages(connection: Connection, age: timedelta, limit: int) -> tuple[int, int]:
    """Delete messages that ended `age` ago, and their attempts; return how many of each."""
    rows = await connection.fetch(QUERIES["delete_messages"], age, limit)
    attempts = [attempt for row in rows for attempt in row["attempts"]]
    sends: int = await connection.fetchval(QUERIES["remove_attempts"], attempts) if attempts else 0
    return len(rows), sends


async def list_history_partitions(connection: Connection, age: timedelta) -> list[date]:
    """List the days before `age` ago that have a partition."""
    rows = await connection.fetch(QUERIES["list_history_partitions"], age)
    return [row["day"] for row in rows]


async def next_history_day(connection: Connection, age: timedelta, after: date) -> date | None:
    """Find the next day before `age` ago that has history."""
    day: date | None = await connection.fetchval(QUERIES["next_history_day"], age, after)
    return day


async def look_at_history(
    connection: Connection, day: date, since: UUID, limit: int
) -> dict[UUID, bool]:
    """Read whose history comes next on a day, from an id on, and whether each message is kept."""
    rows = await connection.fetch(QUERIES["look_at_history"], day, since, limit)
    return {row["message_id"]: row["is_kept"] for row in rows}


async def delete_history(connection: Connection, day: date, messages: Sequence[UUID]) -> int:
    """Delete the history of messages of one day; return how many rows there were."""
    number: int = await connection.fetchval(QUERIES["delete_history"], day, messages)
    return number


async def drop_history_partition(connection: Connection, day: date) -> None:
    """Drop a day's partition.

    Raises:
        LockNotAvailableError: others use the table; another time will do.
    """
    await connection.execute(QUERIES["drop_history_partition"], day)


async def delete_dead_letters(connection: Connection, age: timedelta, limit: int) -> int:
    """Delete dead letters that came `age` ago; return how many there were."""
    number: int = await connection.fetchval(QUERIES["delete_dead_letters"], age, limit)
    return number


async def delete_suppression_history(connection: Connection, age: timedelta, limit: int) -> int:
    """Delete changes of suppressions that were recorded `age` ago; return how many there were."""
    number: int = await connection.fetchval(QUERIES["delete_suppression_history"], age, limit)
    return number


async def delete_erasures(connection: Connection, age: timedelta, limit: int) -> int:
    """Delete erasures that were finished `age` ago; return how many there were."""
    number: int = await connection.fetchval(QUERIES["delete_erasures"], age, limit)
    return number


async def delete_inbound(connection: Connection, age: timedelta, limit: int) -> int:
    """Delete what recipients sent `age` ago; return how much it was."""
    number: int = await connection.fetchval(QUERIES["delete_inbound"], age, limit)
    return number


async def delete_conversations(connection: Connection, age: timedelta, limit: int) -> int:
    """Delete what is known of recipients who wrote last so long ago; return how many there were."""
    number: int = await connection.fetchval(QUERIES["delete_conversations"], age, limit)
    return number


async def look_at_references(
    connection: Connection, age: timedelta, since: datetime, limit: int
) -> LookedAt:
    """Read references that came `age` ago, from `since` on."""
    row = await connection.fetchrow(QUERIES["look_at_references"], age, since, limit)
    assert row is not None, "an aggregate is one row"
    return LookedAt(
        number=row["looked"],
        until=row["looked_at"],
        over=(row["providers"] or [], row["accounts"] or [], row["names"] or []),
    )


async def delete_references(
    connection: Connection, over: tuple[Sequence[str], Sequence[str], Sequence[str]]
) -> int:
    """Delete references by provider, account and id; return how many there were."""
    number: int = await connection.fetchval(QUERIES["delete_references"], *over)
    return number
