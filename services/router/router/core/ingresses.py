"""How far each ingress has published the webhooks that it took, known from its pulses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from router.core.listeners import FRESH, NOTHING_HANDLED

# Of an ingress: one that lost the broker goes on keeping callbacks on disk, and they come with it.
INGRESS_LAPSE = timedelta(minutes=2)
SKIPPED = timedelta(seconds=6)  # between two pulses of one ingress: some are missing
LONGEST_HOLD = timedelta(minutes=2)  # after ingress published nothing, however long that was
PULSE_UNDER_WAY = timedelta(seconds=3)  # from the look at its disk to its pulse, at most


class Ingress(Struct, frozen=True, kw_only=True):
    """What is known of an ingress from its pulses."""

    ingress: UUID
    seen_at: datetime  # how far the receipts were when its last pulse was handled
    held_at: datetime | None = None
    held_until: datetime | None = None
    has_left: bool = False
    # up to when all that it took is published; None: it keeps nothing on its disk
    published_until: datetime | None = None

    def limit(self, now: datetime) -> datetime:
        """Up to when it could publish all that it was given, or providers sent it again."""
        if self.held_at is not None and self.held_until is not None and now < self.held_until:
            return self.held_at
        return self.seen_at


def webhook_limit(
    ingresses: Sequence[Ingress], progress: datetime, now: datetime
) -> datetime | None:
    """Return up to when every webhook that could be taken was published; None: no ingress is known.

    `progress`: how far the normal lane's receipts are, which ingress's pulses go through.
    """
    live = [one for one in ingresses if is_live(one, progress)]
    if not live:
        return max((one.seen_at for one in ingresses), default=None)
    hanging = [
        one
        for one in ingresses
        if one not in live and not one.has_left and progress < one.seen_at + INGRESS_LAPSE
    ]
    return min(
        *(one.limit(now) for one in live),
        *(one.seen_at for one in hanging),
        progress,
    )


def is_live(ingress: Ingress, progress: datetime) -> bool:
    """Whether an ingress's pulses come through."""
    return not ingress.has_left and ingress.seen_at >= progress - FRESH


def after_pulse(
    known: Mapping[UUID, Ingress],
    ingress: UUID,
    progress: datetime,
    now: datetime,
    *,
    silent: timedelta,
    leaving: bool,
    retry_gap: timedelta,
    holds_something: bool | None = None,
) -> Ingress:
    """Return what is known of an ingress after its pulse.

    When it could publish nothing for a while, or no ingress was there, silence is held as long
    again: providers send again what they could not deliver. Not less than `retry_gap`, the time
    they wait between tries, and two minutes at most. `holds_something`: whether something waits on
    its disk; None when it keeps nothing there.
    """
    before = known.get(ingress)
    if before is not None and progress - before.seen_at > SKIPPED:
        silent = max(silent, progress - before.seen_at)  # started again, it can't say so itself
    held_at = before.held_at if before else None
    held_until = before.held_until if before else None
    since = before.seen_at if before else None
    if before is None and known and not any(is_live(one, progress) for one in known.values()):
        since = max(one.seen_at for one in known.values())
        silent = max(silent, progress - since)
    if silent > timedelta(0) and since is not None:
        hold = min(max(silent, retry_gap), LONGEST_HOLD)
        is_held = held_until is not None and now < held_until
        held_at = min(held_at or since, since) if is_held else since
        held_until = max(held_until or now, now + hold)
    return Ingress(
        ingress=ingress,
        seen_at=progress,
        held_at=held_at,
        held_until=held_until,
        has_left=leaving,
        published_until=_published_until(holds_something, progress),
    )


def _published_until(holds_something: bool | None, progress: datetime) -> datetime | None:
    if holds_something is None:
        return None
    return NOTHING_HANDLED if holds_something else progress - PULSE_UNDER_WAY
