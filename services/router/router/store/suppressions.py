"""Suppressions: recorded, lifted and looked up, so many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg
from msgspec import Struct

from herald.contracts.masking import all_key_names, masking_key
from herald.contracts.vocabulary import SuppressionReason
from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.consent import ConsentChange, Suppression

QUERIES = load_queries("router.store", "suppressions.sql")

RecipientKey = tuple[str, int]  # tenant and hash of an address


class Changed(Struct, frozen=True, kw_only=True):
    """A suppression that is new, or was lifted; `place`: of the change that did it."""

    place: int
    suppression: Suppression


async def suppress(connection: Connection, changes: Sequence[ConsentChange]) -> list[Changed]:
    """Record suppressions; return those that are new."""
    own_key = masking_key().name
    rows = [
        (place, change, reason) for place, change in enumerate(changes) for reason in change.reasons
    ]
    found = await connection.fetch(
        QUERIES["suppress"],
        [place for place, _, _ in rows],
        [change.tenant for _, change, _ in rows],
        [change.address_hash for _, change, _ in rows],
        [change.channel for _, change, _ in rows],
        [change.category for _, change, _ in rows],
        [reason.value for _, _, reason in rows],
        [change.hashed_with or own_key for _, change, _ in rows],
        [change.source for _, change, _ in rows],
        [change.cause for _, change, _ in rows],
        [change.user for _, change, _ in rows],
        [change.message_id for _, change, _ in rows],
    )
    return list(map(_changed, found))


async def unsuppress(connection: Connection, changes: Sequence[ConsentChange]) -> list[Changed]:
    """Lift suppressions; return those that stood."""
    found = await connection.fetch(
        QUERIES["unsuppress"],
        list(range(len(changes))),
        [change.tenant for change in changes],
        [change.address_hash for change in changes],
        [change.channel for change in changes],
        [change.category for change in changes],
        [",".join(change.reasons) for change in changes],
        [change.source for change in changes],
        [change.cause for change in changes],
        [change.user for change in changes],
    )
    return list(map(_changed, found))


async def find_suppressions(
    connection: Connection, recipients: Iterable[RecipientKey]
) -> Mapping[RecipientKey, Sequence[Suppression]]:
    """Return what stands of recipients; those of whom nothing does are left out."""
    asked = sorted(set(recipients))
    rows = await connection.fetch(
        QUERIES["find_suppressions"], [it[0] for it in asked], [it[1] for it in asked]
    )
    found: dict[RecipientKey, list[Suppression]] = defaultdict(list)
    for row in rows:
        found[row["tenant"], row["address_hash"]].append(_suppression(row))
    return found


async def find_causes(connection: Connection, changes: Sequence[ConsentChange]) -> set[str]:
    """Return the causes of those changes that were made before."""
    rows = await connection.fetch(
        QUERIES["find_causes"],
        [change.tenant for change in changes],
        [change.address_hash for change in changes],
        [change.cause for change in changes],
    )
    return {row["cause"] for row in rows}


async def show_suppressions(
    connection: Connection,
    tenant: str,
    hashes: Sequence[int] | None,
    before: datetime,
    limit: int,
) -> list[asyncpg.Record]:
    """Read what stands of some recipients, or of all; the newest first."""
    return await connection.fetch(QUERIES["show_suppressions"], tenant, hashes, before, limit)


async def show_suppression_history(
    connection: Connection, tenant: str, hashes: Sequence[int], limit: int
) -> list[asyncpg.Record]:
    """Read what became of recipients' suppressions, the newest first."""
    return await connection.fetch(QUERIES["show_history"], tenant, hashes, limit)


async def has_foreign_keys(connection: Connection) -> bool:
    """Whether some suppressions are hashed under a key that this process was not given."""
    return bool(await connection.fetchval(QUERIES["find_foreign_keys"], all_key_names()))


def _changed(row: asyncpg.Record) -> Changed:
    return Changed(place=row["place"], suppression=_suppression(row))


def _suppression(row: asyncpg.Record) -> Suppression:
    try:
        reason = SuppressionReason(row["reason"])
    except ValueError:  # a newer router's
        reason = SuppressionReason.OTHER
    return Suppression(channel=row["channel"], category=row["category"], reason=reason)
