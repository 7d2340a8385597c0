"""Erasures: what was asked, how far each is, and the searches they are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from pydantic_core import to_json

from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.commands import ErasureRequest
from router.store.mentions import mentions_of

QUERIES = load_queries("router.store", "erasures.sql")
MAX_PAGE_BYTES = 1024 * 1024  # of bodies: searching them takes about 0.1 s a MiB
_FIRST_ROW = UUID(int=0)  # none has it
# A message's time is a router's reading of the database's; it may be ahead of the database.
READINGS_DIFFER = timedelta(seconds=1)


class Erasure(Struct, frozen=True, kw_only=True):
    """An erasure under way: which step is next, how far that is, and what was erased so far."""

    asked: ErasureRequest
    asked_at: datetime
    step: int = 0
    place: tuple[Any, ...] = ()
    erased: Mapping[str, int] = field(default_factory=dict)
    waits_for: str | None = None


class Holder(Struct, frozen=True, kw_only=True):
    """An erasure that has the id of another command."""

    tenant: str | None
    cause: str
    erased: Mapping[str, int] | None  # once it is finished


class Page(Struct, frozen=True, kw_only=True):
    """What a page of a search found; `place` is where the next begins, None after the last."""

    place: tuple[Any, ...] | None
    erased: int


class OutboxPage(Struct, frozen=True, kw_only=True):
    """What a page of the outbox says; `place` is where the next begins, None after the last."""

    place: tuple[Any, ...] | None
    is_mentioning: bool  # one of the addresses


async def insert_erasures(connection: Connection, asked: Sequence[ErasureRequest]) -> None:
    """Insert erasures; one that is there already stays as it is."""
    await connection.execute(
        QUERIES["insert_erasures"],
        [one.id for one in asked],
        [one.tenant for one in asked],
        [one.cause for one in asked],
        [one.routing_key for one in asked],
        [one.correlation_id for one in asked],
        [one.user for one in asked],
        [to_json(one.addresses).decode() for one in asked],
    )


async def find_erasures(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Holder]:
    """Return the erasures that hold ids."""
    rows = await connection.fetch(QUERIES["find_erasures"], ids)
    return {
        row["id"]: Holder(
            tenant=row["tenant"],
            cause=row["cause"],
            erased=json.loads(row["erased"]) if row["is_finished"] else None,
        )
        for row in rows
    }


async def take_erasure(connection: Connection) -> Erasure | None:
    """Lock an erasure that is to go on; None when none is, or others have them."""
    row = await connection.fetchrow(QUERIES["take_erasure"])
    if row is None:
        return None
    return Erasure(
        asked=ErasureRequest(
            id=row["id"],
            tenant=row["tenant"],
            cause=row["cause"],
            routing_key=row["routing_key"],
            correlation_id=row["correlation_id"],
            user=row["broker_user"],
            addresses=row["addresses"],
        ),
        asked_at=row["asked_at"],
        step=row["step"],
        place=tuple(json.loads(row["place"])),
        erased=json.loads(row["erased"]),
    )


async def save_erasure(connection: Connection, erasure: Erasure, pause: timedelta) -> None:
    """Keep how far an erasure is; any router goes on with it after `pause`."""
    await connection.execute(
        QUERIES["save_erasure"],
        erasure.asked.id,
        erasure.step,
        json.dumps(erasure.place),
        json.dumps(erasure.erased),
        erasure.waits_for,
        pause,
    )


async def put_off_erasure(connection: Connection, erasure: Erasure, pause: timedelta) -> None:
    """Leave an erasure whose step failed as it is; any router tries again after `pause`."""
    await connection.execute(QUERIES["put_off_erasure"], erasure.asked.id, pause)


async def finish_erasure(connection: Connection, erasure: Erasure) -> None:
    """End an erasure, and forget the addresses."""
    await connection.execute(
        QUERIES["finish_erasure"], erasure.asked.id, json.dumps(erasure.erased)
    )


async def find_by_address(
    connection: Connection, erasure: Erasure, after: UUID, limit: int
) -> list[UUID]:
    """Find the next messages that went to one of the addresses, in order."""
    asked, until = erasure.asked, erasure.asked_at + READINGS_DIFFER
    rows = await connection.fetch(
        QUERIES["find_by_address"], asked.tenant, asked.hashes, until, after, limit
    )
    return [row["message_id"] for row in rows]


async def load_attempts(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Read the attempts of messages."""
    rows = await connection.fetch(QUERIES["load_attempts"], ids)
    return {row["id"]: row["attempts"] for row in rows}


async def forget_hashes(connection: Connection, ids: Sequence[UUID]) -> None:
    """Let messages not be found by their addresses any more."""
    await connection.execute(QUERIES["forget_hashes"], ids)


async def erase_references(
    connection: Connection, erasure: Erasure, accounts: Sequence[str] | None, limit: int
) -> Page:
    """Erase what a page of references mentions; of some accounts, or of all."""
    mentions = mentions_of(erasure.asked.addresses)
    place = erasure.place or ("", "", "")
    row = await connection.fetchrow(
        QUERIES["erase_references"], mentions.pattern, mentions.like, accounts, *place, limit
    )
    if row is None:
        return Page(place=None, erased=0)
    return Page(place=(row["provider"], row["account"], row["reference"]), erased=row["gone"])


async def erase_dead_letters(connection: Connection, erasure: Erasure, limit: int) -> Page:
    """Erase those of a page of dead letters that mention an address; few, if they are large."""
    asked, (place,) = erasure.asked, erasure.place or ("",)
    mentions = mentions_of(asked.addresses)
    row = await connection.fetchrow(
        QUERIES["erase_dead_letters"],
        mentions.pattern,
        mentions.like,
        asked.tenant,
        place,
        limit,
        MAX_PAGE_BYTES,
    )
    if row is None:
        return Page(place=None, erased=0)
    return Page(place=(row["id"],), erased=row["gone"])


async def erase_inbound(connection: Connection, erasure: Erasure, limit: int) -> Page:
    """Erase some of what the recipient sent."""
    asked = erasure.asked
    number: int = await connection.fetchval(
        QUERIES["erase_inbound"], asked.hashes, asked.tenant, limit
    )
    return Page(place=() if number == limit else None, erased=number)


async def find_obstacles(connection: Connection, since: datetime, margin: timedelta) -> list[str]:
    """Say what may still bring something from before `since`."""
    row = await connection.fetchrow(QUERIES["find_obstacles"], since, margin)
    assert row is not None, "it selects no table"
    return [name for name, stands in row.items() if stands]


async def search_outbox(connection: Connection, erasure: Erasure, limit: int) -> OutboxPage:
    """Look for the addresses in a page of what waits to be published; in few rows, if large."""
    (place,) = erasure.place or (str(_FIRST_ROW),)
    mentions = mentions_of(erasure.asked.addresses)
    row = await connection.fetchrow(
        QUERIES["search_outbox"], mentions.pattern, mentions.like, place, limit, MAX_PAGE_BYTES
    )
    if row is None:
        return OutboxPage(place=None, is_mentioning=False)
    after = None if row["is_last"] else (str(row["id"]),)
    return OutboxPage(place=after, is_mentioning=row["is_mentioning"])
