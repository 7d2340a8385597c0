"""Looking for messages through indexes, so many at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence

import asyncpg
from msgspec import Struct

from herald.contracts.searches import NOT_ENDED, MessageSearch, Position
from herald.contracts.vocabulary import Outcome
from herald.database.pool import Connection
from herald.database.queries import load_queries

QUERIES = load_queries("router.store", "searches.sql")


class Examined(Struct, frozen=True):
    """Those of some messages that are wanted, and where to go on; None: there are no more."""

    found: Sequence[asyncpg.Record]
    last: Position | None


class Look:
    """One search, with its values as the queries take them."""

    def __init__(self, search: MessageSearch, tenants: Sequence[str], since: object) -> None:
        """Choose the index through which few messages are looked at."""
        self._tenants = tenants
        self._since = since
        address_hash = search.address_hash
        self._filters = (
            search.status,
            search.outcome,
            json.dumps(search.metadata) if search.metadata else None,
            search.resent,
        )
        self._last = () if address_hash is None else (address_hash,)
        self._statement = statement_for(search)

    async def examine(self, connection: Connection, before: Position, number: int) -> Examined:
        """Look at the `number` newest messages before a place."""
        rows = await connection.fetch(
            self._statement,
            self._tenants,
            self._since,
            before.created_at,
            before.message_id,
            number,
            *self._filters,
            *self._last,
        )
        found = [row for row in rows if row["matched"] is not None]
        if not rows or rows[-1]["total"] < number:
            return Examined(found, None)
        return Examined(found, position_of(rows[-1]))


def statement_for(search: MessageSearch) -> str:
    """Return the statement that looks for these messages."""
    if search.phone or search.email or search.address:
        source = "examine_recipient"
    elif search.outcome in {None, NOT_ENDED, Outcome.SUCCEEDED}:
        source = "examine_time"
    else:
        source = "examine_unsuccessful"
    return "\n".join(("WITH examined AS (", QUERIES[source], ")", QUERIES["match"]))


def position_of(row: asyncpg.Record) -> Position:
    """Return a message's place among all."""
    return Position(row["position_at"], row["position_id"])


async def list_tenants(connection: Connection) -> list[str]:
    """Name every tenant that has messages, also those that are configured no more."""
    return [row["name"] for row in await connection.fetch(QUERIES["list_tenants"])]


async def are_hashes_complete(connection: Connection) -> bool:
    """Say whether every message can be found by its addresses, or a rehash is needed first."""
    return bool(await connection.fetchval(QUERIES["are_hashes_complete"]))
