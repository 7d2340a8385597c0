"""Which member of a pool a sender's calls go by. Pure: the time is given.

Every worker computes the same order of members for a sender (rendezvous hashing), so senders stay
with their members whichever worker calls, and only those of a lost member move. The order changes
with `rotate_after`, for each sender at a time of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

STAY_SECONDS = 30.0  # with the member that a sender moved to
MARGIN = 0.25  # of a budget: what one queue must be shorter by for a sender to go there
REST_SECONDS = 60.0  # for a member whose address was throttled
_MOST_SENDERS = 10_000  # whose order is kept
_SMALL_HASH = 8


class Reason(StrEnum):
    """Why a sender's calls go by another member than before."""

    SHARE = "share"  # its member has used its share of the budget
    THROTTLED = "throttled"  # the provider throttles the member's address
    TIME = "time"  # it was long enough with it
    HEALTH = "health"  # the member is in quarantine or drained, or is back


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """When senders move: at a share of a member's budget, and after a time."""

    share: float | None = None
    after: timedelta | None = None


@dataclass(slots=True)
class _Place:
    """Where a sender is."""

    epoch: int
    order: tuple[str, ...]
    member: str
    until: float = float("-inf")  # stays there, though it is not the first of its order
    away_for: Reason = Reason.TIME  # why it is not with the first


class Chooser:
    """Chooses for the senders of one account.

    `usage` says which share of its budget a member has drawn; `moved` is called with every move.
    """

    def __init__(
        self,
        members: Sequence[str],
        rotation: Rotation,
        usage: Callable[[str], float] = lambda _member: 0.0,
        moved: Callable[[Reason], None] = lambda _reason: None,
    ) -> None:
        self._members = tuple(members)
        self._rotation = rotation
        self._usage = usage
        self._moved = moved
        self._places: dict[str, _Place] = {}
        self._resting: dict[str, float] = {}  # members whose address was throttled, until when

    def choose(self, sender: str, usable: Sequence[str], now: float, time: datetime) -> str | None:
        """Return the member of a sender's next call; None: no member is usable.

        `now` is this process's monotonic clock, `time` what all workers share.
        """
        if not usable:
            return None
        place = self._place(sender, time)
        self._keep(sender, place)
        member, reason = self._next(place, usable, now)
        if member != place.member:
            if place.member:
                self._moved(reason)
            place.member = member
        return member

    def foresee(self, sender: str, usable: Sequence[str], now: float, time: datetime) -> str | None:
        """Return what `choose` would, and keep nothing of it."""
        return self._next(copy(self._place(sender, time)), usable, now)[0] if usable else None

    def rest(self, member: str, now: float) -> None:
        """Let senders go by others for a while: the provider throttles the member's address."""
        self._resting[member] = now + REST_SECONDS

    def _next(self, place: _Place, usable: Sequence[str], now: float) -> tuple[str, Reason]:
        """Say where a sender's next call goes, and why if that is elsewhere."""
        order = [member for member in place.order if member in usable]
        stays = place.member in usable and now < place.until
        home = place.member if stays else order[0]
        reason = self._reason_to_leave(home, now) if len(order) > 1 else None
        if reason is not None and (better := self._better(home, order, now)) is not None:
            place.until, place.away_for = now + STAY_SECONDS, reason
            return better, reason
        if place.member in usable:
            return home, place.away_for  # what it moved for is over
        place.away_for = Reason.HEALTH
        return home, Reason.HEALTH

    def _better(self, home: str, order: Sequence[str], now: float) -> str | None:
        """Return the next member with room; where none has any, one that is much less wanted."""
        for member in order:
            if member != home and self._reason_to_leave(member, now) is None:
                return member
        if self._resting.get(home, 0.0) > now:
            return None
        least = min(order, key=self._usage)
        return least if self._usage(least) + MARGIN < self._usage(home) else None

    def _reason_to_leave(self, member: str, now: float) -> Reason | None:
        if self._resting.get(member, 0.0) > now:
            return Reason.THROTTLED
        share = self._rotation.share
        if share is not None and self._usage(member) >= share:
            return Reason.SHARE
        return None

    def _epoch(self, sender: str, time: datetime) -> int:
        if self._rotation.after is None:
            return 0
        seconds = self._rotation.after.total_seconds()
        offset = _hash(sender) % 1000 / 1000 * seconds
        return int((time.timestamp() + offset) // seconds)

    def _place(self, sender: str, time: datetime) -> _Place:
        """Return where a sender is, with the order of now."""
        epoch, before = self._epoch(sender, time), self._places.get(sender)
        if before is not None and before.epoch == epoch:
            return before
        member = before.member if before is not None else ""
        return _Place(epoch, preference(sender, epoch, self._members), member)

    def _keep(self, sender: str, place: _Place) -> None:
        if sender not in self._places and len(self._places) >= _MOST_SENDERS:
            self._places.pop(next(iter(self._places)))
        self._places[sender] = place


def preference(sender: str, epoch: int, members: Sequence[str]) -> tuple[str, ...]:
    """Return a sender's members, the preferred one first: each epoch begins with the next one."""
    score = {member: _hash(f"{sender}\0{member}") for member in members}
    order = sorted(members, key=lambda member: score[member], reverse=True)
    first = epoch % len(order)
    return (*order[first:], *order[:first])


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=_SMALL_HASH).digest())
