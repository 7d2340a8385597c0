"""What is under way: counted by one router at a time, and read by all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Struct
from pydantic import TypeAdapter

from herald.database.pool import Connection
from herald.database.queries import load_queries

QUERIES = load_queries("router.store", "measurement.sql")

COUNTED = 1_000_000  # a figure is no higher, so that counting has an end


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is under way."""

    oldest: Mapping[str, datetime] = field(default_factory=dict)  # dispatched when, by queue
    waiting: Mapping[str, int] = field(default_factory=dict)  # messages, by queue
    unknown: Mapping[str, int] = field(default_factory=dict)  # attempts, by channel
    open: int = 0  # messages without outcome


class Measurement(Struct, frozen=True, kw_only=True):
    """Figures, when they were measured, and when they were read: both by the database."""

    figures: Figures
    measured_at: datetime
    read_at: datetime


_FIGURES = TypeAdapter(Figures)


async def take_turn(connection: Connection, at_most: timedelta) -> datetime | None:
    """Return the time when it is this router's turn to measure; None when it is not."""
    began_at: datetime | None = await connection.fetchval(QUERIES["take_turn"], at_most)
    return began_at


async def measure(connection: Connection, queues: Iterable[str]) -> Figures:
    """Count what is under way, of the queues of work that are named."""
    names = list(queues)
    oldest = await connection.fetch(QUERIES["find_oldest"], names)
    waiting = await connection.fetch(QUERIES["count_waiting"], names, COUNTED)
    unknown = await connection.fetch(QUERIES["count_unknown"], COUNTED)
    return Figures(
        oldest={row["queue"]: row["since"] for row in oldest if row["since"] is not None},
        waiting={row["queue"]: row["number"] for row in waiting},
        unknown={row["channel"]: row["number"] for row in unknown},
        open=await connection.fetchval(QUERIES["count_open"], COUNTED),
    )


async def keep(
    connection: Connection, figures: Figures, measured_at: datetime, pause: timedelta
) -> None:
    """Keep what was measured for the others; nobody measures again before `pause` is over."""
    text = _FIGURES.dump_json(figures).decode()
    await connection.execute(QUERIES["keep"], measured_at, text, pause)


async def read(connection: Connection) -> Measurement | None:
    """Read what was measured last; None when nobody has measured yet."""
    row = await connection.fetchrow(QUERIES["read"])
    if row is None or row["measured_at"] is None:
        return None
    return Measurement(
        figures=_FIGURES.validate_json(row["figures"]),
        measured_at=row["measured_at"],
        read_at=row["now"],
    )
