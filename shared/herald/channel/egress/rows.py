"""The rows by which workers and operators share what they know of the egress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from herald.database.pool import Connection
from herald.database.queries import load_queries

_QUERIES = load_queries("herald.channel.egress", "queries.sql")


class Pair(NamedTuple):
    """A member, and a provider's server that it is to reach."""

    egress: str
    server: str  # host and port


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a worker found out; `code` is None when the member reaches the server."""

    pair: Pair
    code: str | None
    pause: timedelta | None
    check_in: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedState:
    """A row as a worker reads it; `granted` gives it the check that was due."""

    code: str | None
    pause: timedelta | None
    check_in: timedelta | None
    known: bool
    draining: bool
    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedState:
    """A row as a person reads it."""

    pair: Pair
    code: str | None
    since: datetime


async def begin(connection: Connection, pairs: Sequence[Pair]) -> None:
    """Make the rows of pairs that have none."""
    await connection.execute(_QUERIES["begin"], *_columns(pairs))


async def save(connection: Connection, findings: Sequence[Finding]) -> None:
    """Note what this worker found out."""
    await connection.execute(
        _QUERIES["save"],
        *_columns([item.pair for item in findings]),
        [item.code for item in findings],
        [item.pause for item in findings],
        [item.check_in for item in findings],
    )


async def read(
    connection: Connection, pairs: Sequence[Pair], lease: timedelta
) -> dict[Pair, SharedState]:
    """Read the rows of `pairs`, and take due checks: each is this worker's for `lease`."""
    rows = await connection.fetch(_QUERIES["read"], *_columns(pairs), lease)
    return {
        Pair(row["egress"], row["server"]): SharedState(
            code=row["code"],
            pause=row["pause"],
            check_in=row["check_in"],
            known=row["known"],
            draining=row["draining"],
            granted=row["granted"],
        )
        for row in rows
    }


async def list_all(connection: Connection) -> list[ListedState]:
    """Read all rows."""
    return [
        ListedState(pair=Pair(row["egress"], row["server"]), code=row["code"], since=row["since"])
        for row in await connection.fetch(_QUERIES["list_all"])
    ]


async def list_drains(connection: Connection) -> dict[str, datetime]:
    """Read since when each drained member is."""
    return {row["egress"]: row["since"] for row in await connection.fetch(_QUERIES["list_drains"])}


async def drain(connection: Connection, egress: str) -> bool:
    """Let no new call go by a member; return whether that is new."""
    return await connection.fetchval(_QUERIES["drain"], egress) is not None


async def restore(connection: Connection, egress: str) -> bool:
    """Let calls go by a member again; return whether anything kept them from it."""
    return await connection.fetchval(_QUERIES["restore"], egress) is not None


def _columns(pairs: Sequence[Pair]) -> tuple[list[str], list[str]]:
    return [pair.egress for pair in pairs], [pair.server for pair in pairs]
