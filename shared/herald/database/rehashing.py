"""Hashing every stored address anew, under the masking key that is configured now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from herald.contracts.masking import MaskingKey
from herald.database.pool import Connection
from herald.database.queries import load_queries

BATCH = 500
BEFORE_ALL = UUID(int=0)
# Routers write twice a second how far they are; one that has stopped takes its row away.
_RUNNING = timedelta(seconds=10)

_QUERIES = load_queries("herald.database", "masking.sql")

Progress = Callable[[int], None]


class RehashRefusedError(Exception):
    """It may not begin; the text says why and what to do."""


async def rehash(
    dsn: str, key: MaskingKey, *, batch: int = BATCH, progress: Progress = lambda _: None
) -> int:
    """Hash the addresses of all messages; return how many messages were looked at.

    Each batch is a transaction of its own. What ends early goes on, the next time, where it
    stopped. `progress` is called with the number so far. Addresses that were erased can't be hashed
    again: their messages keep the hashes they have.

    Raises:
        RehashRefusedError: routers with another key run, or another rehash.
    """
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        messages_to, inbound_to = await _begin(connection, key)
        number = 0
        while done := await _hash_messages(connection, key, messages_to, batch):
            messages_to, number = done[-1], number + len(done)
            progress(number)
        while done := await _hash_inbound(connection, key, inbound_to, batch):
            inbound_to = done[-1]
        await connection.execute(_QUERIES["finish_rehash"])
        return number
    finally:
        await connection.close()


async def _begin(connection: Connection, key: MaskingKey) -> tuple[UUID, UUID]:
    """Take the key over; return up to which ids a rehash to it came before."""
    if not await connection.fetchval(_QUERIES["claim_rehash"]):
        raise RehashRefusedError("another `herald rehash` is running")
    async with connection.transaction():
        await connection.execute(_QUERIES["record_key"], key.fingerprint)
        row = await connection.fetchrow(_QUERIES["lock_key"])
        assert row is not None, "it was recorded above"
        if row["fingerprint"] == key.fingerprint:
            return row["messages_to"] or BEFORE_ALL, row["inbound_to"] or BEFORE_ALL
        running = await connection.fetchval(_QUERIES["count_running_routers"], _RUNNING)
        if running:
            raise RehashRefusedError(
                f"routers run with the earlier key: {running}; stop them all, then try again"
            )
        await connection.execute(_QUERIES["take_key"], key.fingerprint)
        return BEFORE_ALL, BEFORE_ALL


async def _hash_messages(
    connection: Connection, key: MaskingKey, after: UUID, batch: int
) -> list[UUID]:
    """Hash the messages next after an id; return their ids."""
    async with connection.transaction():
        rows = await connection.fetch(_QUERIES["next_messages"], after, batch)
        hashes = [
            (row["tenant"], row["created_at"], row["id"], place, address_hash)
            for row in rows
            for place, address_hash in enumerate(_hashes_of(row, key))
        ]
        if hashes:
            columns = [list(column) for column in zip(*hashes, strict=True)]
            await connection.execute(_QUERIES["save_hashes"], *columns, rows[-1]["id"])
    return [row["id"] for row in rows]


def _hashes_of(row: asyncpg.Record, key: MaskingKey) -> Sequence[int | None]:
    """Hash a message's addresses; of an erased one only that it is there can be said."""
    return [None] if row["is_erased"] else key.hashes(row["addresses"])


async def _hash_inbound(
    connection: Connection, key: MaskingKey, after: UUID, batch: int
) -> list[UUID]:
    """Hash the senders of the inbound messages next after an id; return these messages' ids."""
    async with connection.transaction():
        rows = await connection.fetch(_QUERIES["next_inbound"], after, batch)
        known = [row for row in rows if row["sender"]]
        if rows:
            await connection.execute(
                _QUERIES["save_inbound_hashes"],
                [row["id"] for row in known],
                [key.hash(row["sender"]) for row in known],
                rows[-1]["id"],
            )
    return [row["id"] for row in rows]
