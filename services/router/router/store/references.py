"""Provider ids: which attempt each belongs to, and receipts that came before that is known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from msgspec import Struct
from pydantic import ValidationError

from herald.contracts.receipts import AttemptReceipt
from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.message import Message
from router.store.messages import message_of

QUERIES = load_queries("router.store", "references.sql")

MAX_PARKED = 16  # receipts of one reference that wait for its acceptance

ReferenceKey = tuple[str, str, str]  # provider, account, the provider's id


class ReferenceRow(Struct, frozen=True, kw_only=True):
    """Whom a provider's id belongs to, and what waits for that to be known."""

    key: ReferenceKey
    attempt_id: str | None
    parked: list[AttemptReceipt]
    unreadable: list[Any]  # parked by another version, in a form that this one can't read


async def upsert_references(
    connection: Connection,
    rows: dict[ReferenceKey, tuple[str | None, str | None]],
    messages: Iterable[UUID] = (),
) -> tuple[list[ReferenceRow], list[Message]]:
    """Join provider ids to attempts or park receipts (a JSON array) under them; lock messages."""
    found = await connection.fetch(
        QUERIES["upsert_references"],
        *_columns(rows),
        [attempt_id for attempt_id, _ in rows.values()],
        [parked for _, parked in rows.values()],
        MAX_PARKED,
        sorted(messages),
    )
    return (
        [_reference(row) for row in found if row["id"] is None],
        [message_of(row) for row in found if row["id"] is not None],
    )


async def lock_orphaned(connection: Connection, before: datetime, limit: int) -> list[ReferenceRow]:
    """Lock rows that were parked on before a time and have no attempt; others' are skipped."""
    found = await connection.fetch(QUERIES["lock_orphaned"], before, limit)
    return [_reference(row) for row in found]


async def clear_parked(connection: Connection, keys: Iterable[ReferenceKey]) -> None:
    """Forget receipts that were taken up."""
    await connection.execute(QUERIES["clear_parked"], *_columns(keys))


async def mark_seen(connection: Connection, keys: Iterable[ReferenceKey]) -> set[ReferenceKey]:
    """Mark facts as seen, each once; return the new ones."""
    rows = await connection.fetch(QUERIES["mark_seen"], *_columns(keys))
    return {(row["provider"], row["account"], row["reference"]) for row in rows}


async def find_references(
    connection: Connection, keys: Iterable[ReferenceKey]
) -> dict[ReferenceKey, str]:
    """Find the attempts behind provider ids."""
    rows = await connection.fetch(QUERIES["find_references"], *_columns(keys))
    return {(row["provider"], row["account"], row["reference"]): row["attempt_id"] for row in rows}


def _reference(row: asyncpg.Record) -> ReferenceRow:
    parked: list[AttemptReceipt] = []
    unreadable: list[Any] = []
    for item in json.loads(row["parked"]) if row["parked"] else []:
        try:
            parked.append(AttemptReceipt.model_validate(item))
        except ValidationError:
            unreadable.append(item)
    return ReferenceRow(
        key=(row["provider"], row["account"], row["reference"]),
        attempt_id=row["attempt_id"],
        parked=parked,
        unreadable=unreadable,
    )


def _columns(keys: Iterable[ReferenceKey]) -> tuple[list[str], list[str], list[str]]:
    listed = list(keys)
    return [key[0] for key in listed], [key[1] for key in listed], [key[2] for key in listed]
