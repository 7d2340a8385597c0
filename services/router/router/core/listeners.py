"""How far each router has handled the receipts of a lane.

Each router sends pulses through the queues of receipts, stamped with the database's time. A queue
is delivered in order, and a router handles in order: one that has handled a pulse has handled every
receipt that came to it before. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from herald.contracts.vocabulary import Lane

FRESH = timedelta(seconds=3)  # a router or an ingress that says nothing for longer may hang
# The broker gives back what a dead link held after two missed heartbeats of 10 s, at most 33 s.
REQUEUED = timedelta(seconds=35)
LAPSE = timedelta(seconds=45)  # of a row not renewed: its receipts are back in the queue
NOTHING_HANDLED = datetime(1970, 1, 1, tzinfo=UTC)


class Listener(Struct, frozen=True, kw_only=True):
    """What a router says of one lane's receipts."""

    router: UUID
    lane: Lane
    seen_at: datetime
    progress: datetime | None  # sending time of the newest pulse it handled
    held_at: datetime | None = None  # some of its receipts may be back in the queue: no further

    @property
    def limit(self) -> datetime:
        """Up to when nothing that it was given is unhandled."""
        handled = self.progress or NOTHING_HANDLED
        return handled if self.held_at is None else min(handled, self.held_at)


def lapsed(listeners: Sequence[Listener], now: datetime) -> list[Listener]:
    """Return rows whose routers never came back and whose receipts others have handled since."""
    fresh = [row for row in listeners if now - row.seen_at <= FRESH]
    return [
        row
        for row in listeners
        if row not in fresh and _all_past(_of_lane(fresh, row.lane), row.seen_at + LAPSE)
    ]


def is_requeue_handled(listeners: Iterable[Listener], lost_at: datetime) -> bool:
    """Whether what a lost consumer held has been given to others since, and they handled it.

    `listeners`: the rows of the lane that count and may have got it.
    """
    return _all_past(list(listeners), lost_at + REQUEUED)


def progress_of(listeners: Iterable[Listener], lane: Lane) -> datetime | None:
    """Return up to when a lane's receipts are handled; None: not known."""
    limits = [row.limit for row in _of_lane(listeners, lane)]
    limit = min(limits, default=NOTHING_HANDLED)
    return None if limit == NOTHING_HANDLED else limit


def _of_lane(listeners: Iterable[Listener], lane: Lane) -> list[Listener]:
    return [row for row in listeners if row.lane is lane]


def _all_past(listeners: Sequence[Listener], time: datetime) -> bool:
    return bool(listeners) and all(
        row.progress is not None and row.progress >= time for row in listeners
    )
