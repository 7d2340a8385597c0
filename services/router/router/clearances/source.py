"""What a source of clearances is, and asking all of them about the steps of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from msgspec import Struct

from herald.database.pool import Connection
from router.core.clearance import CLEAR, Clearance
from router.core.message import Message, PlannedStep


class Hop(Struct, frozen=True):
    """A step that is about to start, or whose returned work is about to be handed out again.

    `is_released`: there is room for it, the backlog says. `is_dry_run`: it will not start, so
    nothing may be taken for it but by the statement, which is undone.
    """

    message: Message
    step: int
    is_released: bool = False
    is_dry_run: bool = False

    @property
    def key(self) -> tuple[UUID, int]:
        """What its clearance is found by: a message starts one step at a time."""
        return self.message.id, self.step

    @property
    def planned(self) -> PlannedStep:
        """The step as planned."""
        return self.message.plan.steps[self.step - 1]

    @property
    def is_retry(self) -> bool:
        """Whether an attempt of the step was made before."""
        return any(attempt.step == self.step for attempt in self.message.state.attempts)


Found = Mapping[tuple[UUID, int], Clearance]


class ClearanceSource(Protocol):
    """One question about steps that are about to start."""

    async def clear(self, connection: Connection, hops: Sequence[Hop], now: datetime) -> Found:
        """Say what it knows of each hop, by its key; a hop left out is clear.

        One statement for all of them, in the transaction that decides them.
        """
        ...


@runtime_checkable
class ChargingSource(Protocol):
    """A source that counts what it lets start."""

    def charges(self, tenant: str) -> bool:
        """Whether some steps of a tenant are counted."""
        ...

    async def take_back(self, connection: Connection, hops: Sequence[Hop], now: datetime) -> None:
        """Count steps no more that were let start and did not, in the same transaction."""
        ...


def charging_among(sources: Sequence[ClearanceSource]) -> tuple[ChargingSource, ...]:
    """Return those that count what they let start."""
    return tuple(source for source in sources if isinstance(source, ChargingSource))


async def clear_all(
    sources: Sequence[ClearanceSource],
    connection: Connection,
    hops: Sequence[Hop],
    now: datetime,
    *,
    asks_all: bool = False,
) -> dict[tuple[UUID, int], Clearance]:
    """Ask every source in turn; a hop that one does not let start now is not asked of the next.

    `asks_all`: it is, for all that is in its way is wanted.
    """
    found = dict.fromkeys((hop.key for hop in hops), CLEAR)
    for source in sources:
        open_hops = [hop for hop in hops if asks_all or found[hop.key].lets_start]
        if not open_hops:
            break
        for key, clearance in (await source.clear(connection, open_hops, now)).items():
            found[key] = found[key].and_also(clearance)
    return found
