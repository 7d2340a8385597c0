"""The backlog: messages that wait for room in their queues, and the queues' windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.message import Message
from router.core.windows import FIRST, Window
from router.store.messages import backlog_of, message_of

QUERIES = load_queries("router.store", "backlog.sql")


class StoredWindow(Struct, frozen=True, kw_only=True):
    """A queue's window as all routers see it."""

    queue: str
    window: Window
    looks: int  # how often it was looked at
    elapsed_seconds: float = 0.0  # since the last look
    is_waited_for: bool = False  # something is in its backlog


class Waiting(Struct, frozen=True):
    """Messages of a backlog that are to be let in, and the tenant whose turn was the last."""

    queue: str
    ids: Sequence[UUID]
    last_tenant: str


async def read_windows(
    connection: Connection, queues: Iterable[str]
) -> tuple[list[StoredWindow], int]:
    """Read the windows of queues, and how many routers share them."""
    rows = await connection.fetch(QUERIES["read_windows"], list(queues))
    routers = max((row["routers"] for row in rows), default=1)
    windows = [replace(_stored(row), is_waited_for=row["is_waited_for"]) for row in rows]
    return windows, max(1, routers)


async def claim_windows(
    connection: Connection, queues: Iterable[str], claim: UUID, lasting: timedelta
) -> list[StoredWindow]:
    """Look after windows that no other router looks after; return those."""
    rows = await connection.fetch(QUERIES["claim_windows"], sorted(queues), claim, lasting, FIRST)
    return [_stored(row, row["elapsed"] or 0.0) for row in rows]


async def keep_looks(
    connection: Connection, claim: UUID, looked: Mapping[str, tuple[Window, timedelta]]
) -> None:
    """Keep what looks at queues came to, and the claim on each for so long."""
    windows = [window for window, _ in looked.values()]
    await connection.execute(
        QUERIES["keep_looks"],
        claim,
        list(looked),
        [window.size for window in windows],
        [window.depth for window in windows],
        [window.released for window in windows],
        [window.drained for window in windows],
        [window.has_backlog for window in windows],
        [lasting for _, lasting in looked.values()],
    )


async def let_in(connection: Connection, claim: UUID, waiting: Waiting, lasting: timedelta) -> bool:
    """Note whose turn it was in a queue; False when another router looks after it."""
    row = await connection.fetchrow(
        QUERIES["let_in"], waiting.queue, claim, waiting.last_tenant, lasting
    )
    return row is not None


async def let_go(connection: Connection, claim: UUID, queues: Iterable[str]) -> None:
    """Let any router look after the windows of queues."""
    await connection.execute(QUERIES["let_go"], claim, list(queues))


async def count_waiting(
    connection: Connection, most: Mapping[str, int], now: datetime
) -> dict[str, int]:
    """Count what waits for room in queues, of each so many messages at most."""
    by_backlog = {backlog_of(queue): queue for queue in most}
    rows = await connection.fetch(
        QUERIES["count_waiting"], list(by_backlog), list(most.values()), now
    )
    return {by_backlog[row["backlog"]]: row["number"] for row in rows}


async def find_tenants(connection: Connection, queue: str) -> list[str]:
    """Find the tenants whose messages wait for room in a queue."""
    rows = await connection.fetch(QUERIES["find_tenants"], backlog_of(queue))
    return [row["name"] for row in rows]


async def find_waiting(
    connection: Connection, queue: str, shares: Mapping[str, int], now: datetime
) -> list[UUID]:
    """Find each tenant's messages that wait longest for room in a queue."""
    rows = await connection.fetch(
        QUERIES["find_waiting"], backlog_of(queue), list(shares), list(shares.values()), now
    )
    return [row["id"] for row in rows]


async def lock_waiting(connection: Connection, queue: str, ids: Sequence[UUID]) -> list[Message]:
    """Lock and load those messages that wait for room in a queue still."""
    rows = await connection.fetch(QUERIES["lock_waiting"], backlog_of(queue), ids)
    return [message_of(row) for row in rows]


async def put_off(connection: Connection, message_id: UUID, until: datetime) -> None:
    """Leave a message that can't be decided in its backlog for a while."""
    await connection.execute(QUERIES["put_off"], message_id, until)


async def forget_waiting(connection: Connection, ids: Sequence[UUID]) -> None:
    """Take messages out of the backlog that wait for nothing."""
    await connection.execute(QUERIES["forget_waiting"], ids)


def _stored(row: asyncpg.Record, elapsed_seconds: float = 0.0) -> StoredWindow:
    window = Window(
        size=row["size"],
        depth=row["depth"],
        released=row["released"],
        drained=row["drained"],
        has_backlog=row["has_backlog"],
        last_tenant=row["last_tenant"],
    )
    return StoredWindow(
        queue=row["queue"], window=window, looks=row["looks"], elapsed_seconds=elapsed_seconds
    )
