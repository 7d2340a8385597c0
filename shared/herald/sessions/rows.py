"""The rows by which workers share sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from herald.database.pool import Connection
from herald.database.queries import load_queries
from herald.sessions.sealing import Sealed

_QUERIES = load_queries("herald.sessions", "rows.sql")


@dataclass(frozen=True, slots=True)
class Key:
    """Names a session: one for each account of a channel."""

    channel: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a worker has of a session: it needs no copy of that."""

    version: int = -1
    key_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A session as a worker reads it; times are spans from the moment it was read."""

    id: UUID
    version: int
    key_id: str | None
    sealed: Sealed | None  # None too where the worker has it
    has_tokens: bool
    is_revoked: bool
    left: timedelta | None  # until the access token ends
    age: timedelta | None
    is_due: bool  # the next token is to be asked for
    is_leased: bool  # and somebody does
    lease_holder: UUID | None
    tried: int | None
    trouble: str | None
    is_lasting: bool
    retry_in: timedelta | None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to ask for the next token, with what the present one is."""

    row: UUID
    sealed: Sealed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A session as a person reads it."""

    channel: str
    account: str
    provider: str
    kind: str
    key_id: str | None
    version: int
    refreshed_at: datetime | None
    expires_at: datetime | None
    refresh_at: datetime | None
    age: timedelta | None
    left_over: timedelta | None  # below zero: it has ended
    trouble: str | None
    is_lasting: bool
    failures: int
    retry_at: datetime | None
    revoked_at: datetime | None


async def begin(
    connection: Connection, channel: str, accounts: Sequence[tuple[str, str, str]]
) -> None:
    """Make the rows that are missing: account, provider and kind of each."""
    names, providers, kinds = zip(*accounts, strict=True)
    await connection.execute(_QUERIES["begin"], channel, names, providers, kinds)


async def read(connection: Connection, channel: str, known: Mapping[str, Known]) -> dict[str, Row]:
    """Read the rows of the accounts in `known`, by account."""
    rows = await connection.fetch(
        _QUERIES["read"],
        channel,
        list(known),
        [one.version for one in known.values()],
        [one.key_id for one in known.values()],
    )
    return {row["account"]: _row(row) for row in rows}


async def take_lease(
    connection: Connection,
    key: Key,
    version: int,
    holder: UUID,
    duration: timedelta,
    *,
    changed: bool,
    refused: bool,
    youngest: timedelta,
) -> Lease | None:
    """Take the right to ask for the token after `version`; None: it is not to be had now."""
    row = await connection.fetchrow(
        _QUERIES["take_lease"],
        *(key.channel, key.account, version, holder, duration, changed, refused, youngest),
    )
    return Lease(row["id"], _sealed(row)) if row is not None else None


async def store(
    connection: Connection,
    key: Key,
    version: int,
    sealed: Sealed,
    *,
    left: timedelta,
    refresh_in: timedelta,
    tried: int,
) -> bool:
    """Keep the token after `version`; return False where the session has another one by now."""
    stored = await connection.fetchval(
        _QUERIES["store"],
        *(key.channel, key.account, version),
        *(sealed.key_id, sealed.data, left, refresh_in, tried),
    )
    return stored is not None


async def note_trouble(
    connection: Connection,
    key: Key,
    version: int,
    holder: UUID,
    code: str,
    *,
    is_lasting: bool,
    pauses: tuple[timedelta, timedelta],
    wait: timedelta,
    tried: int,
) -> None:
    """Note why there was no token; `pauses` are the first and the longest before the next try."""
    await connection.execute(
        _QUERIES["note_trouble"],
        *(key.channel, key.account, version, holder, code, is_lasting, *pauses, wait, tried),
    )


async def list_all(connection: Connection) -> list[Listed]:
    """Read all sessions."""
    return [Listed(**row) for row in await connection.fetch(_QUERIES["list_all"])]


async def read_sealed(connection: Connection, key: Key) -> Lease | None:
    """Read what is sealed, inside a transaction that may replace it."""
    row = await connection.fetchrow(_QUERIES["read_sealed"], key.channel, key.account)
    return Lease(row["id"], _sealed(row)) if row is not None else None


async def reseal(connection: Connection, key: Key, sealed: Sealed) -> None:
    """Replace the seal of the same tokens."""
    await connection.execute(
        _QUERIES["reseal"], key.channel, key.account, sealed.key_id, sealed.data
    )


async def revoke(connection: Connection, key: Key) -> bool:
    """Forget the tokens and let nobody use the session; return whether that is new."""
    return await connection.fetchval(_QUERIES["revoke"], key.channel, key.account) is not None


async def renew(connection: Connection, key: Key, *, from_file: bool) -> bool:
    """Have a new token asked for now; return whether there is such a session."""
    query = _QUERIES["begin_anew" if from_file else "renew"]
    return await connection.fetchval(query, key.channel, key.account) is not None


def _row(row: Any) -> Row:
    return Row(
        id=row["id"],
        version=row["version"],
        key_id=row["key_id"],
        sealed=_sealed(row),
        has_tokens=row["has_tokens"],
        is_revoked=row["is_revoked"],
        left=row["left_over"],
        age=row["age"],
        is_due=row["is_due"],
        is_leased=row["is_leased"],
        lease_holder=row["lease_holder"],
        tried=row["tried"],
        trouble=row["trouble"],
        is_lasting=row["is_lasting"],
        retry_in=row["retry_in"],
    )


def _sealed(row: Any) -> Sealed | None:
    return Sealed(row["key_id"], row["sealed"]) if row["sealed"] is not None else None
