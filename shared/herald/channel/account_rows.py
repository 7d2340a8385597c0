"""The rows by which workers and operators share what they know of accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from herald.database.pool import Connection
from herald.database.queries import load_queries

_QUERIES = load_queries("herald.channel", "account_rows.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a worker found out of an account; `trouble` is None when it is up."""

    account: str
    provider: str
    trouble: str | None = None
    code: str | None = None
    pause: timedelta | None = None
    probe_in: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedState:
    """An account's row as a worker reads it; `granted` gives it the probe that was due."""

    trouble: str | None
    code: str | None
    pause: timedelta | None
    probe_in: timedelta | None
    paused: bool
    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedState:
    """An account's row as a person reads it."""

    trouble: str | None
    code: str | None
    since: datetime
    paused: bool
    paused_since: datetime | None


async def save(connection: Connection, channel: str, findings: Sequence[Finding]) -> None:
    """Note what this worker found out."""
    await connection.execute(
        _QUERIES["save"],
        channel,
        [item.account for item in findings],
        [item.provider for item in findings],
        [item.trouble for item in findings],
        [item.code for item in findings],
        [item.pause for item in findings],
        [item.probe_in for item in findings],
    )


async def read(
    connection: Connection, channel: str, leases: Mapping[str, timedelta]
) -> dict[str, SharedState]:
    """Read a channel's rows by account, and take due probes of the accounts in `leases`.

    A probe taken is this worker's for the lease of its account.
    """
    rows = await connection.fetch(_QUERIES["read"], channel, list(leases), list(leases.values()))
    return {
        row["account"]: SharedState(
            trouble=row["trouble"],
            code=row["code"],
            pause=row["pause"],
            probe_in=row["probe_in"],
            paused=row["paused"],
            granted=row["granted"],
        )
        for row in rows
    }


async def list_all(connection: Connection) -> dict[tuple[str, str], ListedState]:
    """Read all rows by channel and account."""
    rows = await connection.fetch(_QUERIES["list_all"])
    return {
        (row["channel"], row["account"]): ListedState(
            trouble=row["trouble"],
            code=row["code"],
            since=row["since"],
            paused=row["paused"],
            paused_since=row["paused_since"],
        )
        for row in rows
    }


async def pause(connection: Connection, channel: str, account: str, provider: str) -> bool:
    """Let an account take no calls; return whether that is new."""
    return await connection.fetchval(_QUERIES["pause"], channel, account, provider) is not None


async def resume(connection: Connection, channel: str, account: str) -> bool:
    """Let a paused account take calls; return whether that is new."""
    return await connection.fetchval(_QUERIES["resume"], channel, account) is not None
