"""The buckets' rows, which all workers share. Times are seconds from the statement's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from herald.channel.limits.lanes import LANES
from herald.contracts.vocabulary import Lane
from herald.database.pool import Connection, Database
from herald.database.queries import load_queries
from herald.providers.budgets import Budget

IDLE = timedelta(minutes=10)  # after that a full bucket's row goes
MOST_DELETED = 10_000  # in one statement
# A bucket that holds fewer seconds of its rate is drawn a moment ahead: it would overflow between
# two draws.
SMALL_SECONDS = 0.25
AHEAD_SECONDS = 0.1

_QUERIES = load_queries("herald.channel.limits", "buckets.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a worker wants of one bucket."""

    budget: Budget
    holders: int = 0  # calls whose turn it is
    newcomers: int = 0
    queued: int = 0  # newcomers that take a place in the queue where there is no slot
    extra: int = 0  # slots for the next moments

    @property
    def ahead(self) -> float:
        """How many seconds from now a slot may be."""
        is_small = self.budget.burst < SMALL_SECONDS * self.budget.rate
        return AHEAD_SECONDS if is_small else 0.0


class Drawn(NamedTuple):
    """What a bucket gave; the fields are the statement's columns."""

    taken: int  # slots; the first at `first`, each other a `gap` later; past ones are there now
    spare: int  # slots there now, for at most `keep` seconds
    first: float
    gap: float
    keep: float
    end_at: datetime  # the end of the slots taken, by which they are known when they come back
    places: int  # in the queue; the first one's turn is at `turn`, each other's a `pace` later
    turn: float
    pace: float
    free: float  # when the next slot is there, for one whose turn it is
    queue: float  # when the queue ends
    blocked: float  # until when the provider's response blocks it
    asked_for: float  # what the provider asked for, however long
    is_probe: bool  # the slot taken is let through a block
    factor: float  # the share of its rate that it has now
    used: float  # the part of the bucket that is drawn


class Buckets:
    """Draws from the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def draw(self, lane: Lane, asks: Sequence[Ask]) -> dict[str, Drawn]:
        """Take what is there, in one statement; a bucket that is missing is asked again."""
        ordered = sorted(asks, key=lambda ask: ask.budget.key)
        async with self._database.connection() as connection:
            rows = await connection.fetch(_QUERIES["draw"], *_arguments(lane, ordered))
        return {row[0]: Drawn._make(row[1:]) for row in rows}

    async def give_back(self, unused: Sequence[tuple[str, datetime, float]]) -> None:
        """Give seconds of buckets back, if nothing was taken since the ends they are known by."""
        columns = [[item[column] for item in unused] for column in range(3)]
        async with self._database.connection() as connection:
            await connection.execute(_QUERIES["give_back"], *columns)

    async def delete_idle(self, idle: timedelta = IDLE) -> bool:
        """Delete rows that say nothing; return whether there may be more."""
        async with self._database.connection() as connection:
            return await delete_idle(connection, idle) == MOST_DELETED


async def delete_idle(connection: Connection, idle: timedelta) -> int:
    """Delete a batch of rows that say nothing; return how many there were."""
    return len(await connection.fetch(_QUERIES["delete_idle"], idle, MOST_DELETED))


_COLUMNS = tuple(
    attrgetter(name)
    for name in (
        "budget.key",
        "budget.rate",
        "budget.burst",
        "holders",
        "newcomers",
        "queued",
        "extra",
        "ahead",
    )
)


def _arguments(lane: Lane, asks: Sequence[Ask]) -> list[object]:
    manners = LANES[lane]
    return [lane, manners.floor, manners.share, *([read(ask) for ask in asks] for read in _COLUMNS)]
