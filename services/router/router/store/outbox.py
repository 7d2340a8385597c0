"""Rows of the outbox: the messages that a committed transaction has to publish."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct
from pydantic_core import from_json

from herald.bus.outgoing_messages import OutgoingMessage
from herald.database.pool import Connection
from herald.database.queries import load_queries

QUERIES = load_queries("router.store", "outbox.sql")
_ENCODER = msgspec.json.Encoder()


class OutboxRow(Struct, frozen=True, kw_only=True):
    """The messages of one transaction, and until when this process alone publishes them."""

    id: UUID
    messages: str  # JSON, which PostgreSQL need not check
    claimed_until: datetime


async def claim_lapsed(
    connection: Connection, now: datetime, claim: timedelta, limit: int, most_bytes: int
) -> list[tuple[UUID, list[OutgoingMessage], datetime]]:
    """Take over rows that nobody publishes any more: id, messages, when it was made.

    `most_bytes`: of all of them, unless the first has more.
    """
    rows = await connection.fetch(QUERIES["claim_lapsed"], now, claim, limit, most_bytes)
    return [(row["id"], decode(row["frames"]), row["created_at"]) for row in rows]


async def shorten(connection: Connection, row: OutboxRow) -> None:
    """Leave in a row only what is still to be published."""
    await connection.execute(QUERIES["shorten"], row.id, row.messages, row.claimed_until)


async def delete_rows(connection: Connection, ids: Sequence[UUID]) -> None:
    """Delete rows whose messages are all confirmed."""
    await connection.execute(QUERIES["delete_rows"], ids)


async def count_rows(connection: Connection) -> tuple[int, float]:
    """Return how many rows there are, and the age of the oldest in seconds."""
    row = await connection.fetchrow(QUERIES["count_rows"])
    assert row is not None, "an aggregate has one row"
    return row["rows"], row["age_seconds"] or 0.0


def encode(messages: Sequence[OutgoingMessage]) -> str:
    """Write messages as the outbox keeps them: readable JSON, bodies as text."""
    return _ENCODER.encode(
        [
            {
                "exchange": message.exchange,
                "routing_key": message.routing_key,
                "message_id": message.message_id,
                "type": message.type,
                "correlation_id": message.correlation_id,
                "mandatory": message.mandatory,
                "body": message.body.decode(),
                **({"headers": message.headers} if message.headers else {}),
            }
            for message in messages
        ]
    ).decode()


def decode(text: str) -> list[OutgoingMessage]:
    """Read messages back from an outbox row."""
    return [OutgoingMessage(**{**item, "body": item["body"].encode()}) for item in from_json(text)]
