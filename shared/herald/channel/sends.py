"""The rows of attempts: claims, reports, and which of these are published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from herald.database.pool import Connection
from herald.database.queries import load_queries

_QUERIES = load_queries("herald.channel")

STARTED, UNKNOWN, RECORDED, WITHDRAWN = "started", "unknown", "recorded", "withdrawn"


class Claim(NamedTuple):
    """An attempt about to be made. Its `lease` begins when the database takes the claim."""

    attempt_id: str
    provider: str
    account: str
    lease: timedelta
    claimant: UUID  # by which its worker knows it again


class Known(NamedTuple):
    """An attempt that has a row already."""

    state: str
    report: str | None


class StoredReport(NamedTuple):
    """How an attempt ended, as its row has it and it is published.

    `published`: it is, or its work comes again until it is. Any other is the sweeper's.
    """

    attempt_id: str
    state: str  # UNKNOWN or RECORDED
    report: str
    published: bool = False


async def claim(connection: Connection, channel: str, claims: Iterable[Claim]) -> set[str]:
    """Insert claims; return the attempts that are ours to make."""
    listed = list(claims)
    rows = await connection.fetch(
        _QUERIES["claim"],
        channel,
        [item.attempt_id for item in listed],
        [item.provider for item in listed],
        [item.account for item in listed],
        [item.lease for item in listed],
        [item.claimant for item in listed],
    )
    return {row["attempt_id"] for row in rows}


async def claim_again(connection: Connection, claims: Sequence[Claim]) -> set[str]:
    """Return those of our claims that stood, their response lost; their leases begin anew."""
    rows = await connection.fetch(
        _QUERIES["claim_again"],
        [item.attempt_id for item in claims],
        [item.lease for item in claims],
        [item.claimant for item in claims],
    )
    return {row["attempt_id"] for row in rows}


async def release(connection: Connection, claimants: Mapping[str, UUID]) -> set[str]:
    """Remove claims under which nothing was sent; return the attempts that are free again."""
    rows = await connection.fetch(_QUERIES["release"], list(claimants), list(claimants.values()))
    return {row["attempt_id"] for row in rows}


async def look_up(connection: Connection, attempt_ids: Sequence[str]) -> dict[str, Known]:
    """Read rows by attempt, for work that came again and is not claimed."""
    await connection.execute(_QUERIES["mark_redelivered"], attempt_ids)
    rows = await connection.fetch(_QUERIES["look_up"], attempt_ids)
    return {row["attempt_id"]: Known(state=row["state"], report=row["report"]) for row in rows}


async def record(connection: Connection, reports: Sequence[StoredReport]) -> dict[str, bool]:
    """Record reports; return the attempts whose row took them, and whether they are published."""
    rows = await connection.fetch(
        _QUERIES["record"],
        [item.attempt_id for item in reports],
        [item.state for item in reports],
        [item.report for item in reports],
        [item.published for item in reports],
    )
    return {row["attempt_id"]: row["published"] for row in rows}


async def mark_published(
    connection: Connection, reports: Iterable[tuple[str, str]], *, published: bool = True
) -> None:
    """Note that the reports of (attempt, state) are published, or are the sweeper's."""
    listed = list(reports)
    await connection.execute(
        _QUERIES["mark_published"],
        [attempt for attempt, _ in listed],
        [state for _, state in listed],
        [published] * len(listed),
    )


async def lock_ended_leases(
    connection: Connection, channel: str, margin: timedelta, limit: int, but: Collection[str]
) -> list[tuple[str, str, str]]:
    """Lock claims whose lease ended `margin` ago, `but` some.

    Returns attempt, provider and account of each.
    """
    rows = await connection.fetch(_QUERIES["lock_ended_leases"], channel, margin, limit, list(but))
    return [(row["attempt_id"], row["provider"], row["account"]) for row in rows]


async def take_unpublished(
    connection: Connection, channel: str, age: timedelta, limit: int
) -> list[StoredReport]:
    """Take reports whose publish was not confirmed for at least `age`."""
    rows = await connection.fetch(_QUERIES["take_unpublished"], channel, age, limit)
    return [
        StoredReport(attempt_id=row["attempt_id"], state=row["state"], report=row["report"])
        for row in rows
    ]
