"""Up to when silence may be judged: what every router has handled, and what ingress could publish.

A deadline of silence (`fallback_after`, `start_within`) may fire only when nothing that came before
it is still unhandled. Each router sends pulses through the queues of receipts, stamped with the
database's time. A queue is delivered in order, and a router handles in order: whoever has handled
a pulse has handled every receipt that came to it before. So the oldest of the routers' newest
pulses bounds what can be judged. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from herald.contracts.vocabulary import Lane

MARGIN = timedelta(seconds=5)  # a webhook may be this long on its way from the provider to the bus
FRESH = timedelta(seconds=3)  # a router or an ingress that says nothing for longer may hang
# The broker gives back what a dead link held after two missed heartbeats of 10 s, at most 33 s.
REQUEUED = timedelta(seconds=35)
LAPSE = timedelta(seconds=45)  # of a row not renewed: its receipts are back in the queue
# Of an ingress: one that lost the broker goes on keeping callbacks on disk, and they come with it.
INGRESS_LAPSE = timedelta(minutes=2)
SKIPPED = timedelta(seconds=6)  # between two pulses of one ingress: some are missing
LONGEST_HOLD = timedelta(minutes=2)  # after ingress published nothing, however long that was
PULSE_UNDER_WAY = timedelta(seconds=3)  # from the look at its disk that a pulse tells of, at most
NOTHING_HANDLED = datetime(1970, 1, 1, tzinfo=UTC)

# Of rows written by a router that knew no gates.
STRICTEST = ""


def lane_gate(lane: Lane) -> str:
    """Name the gate of what is known from workers alone."""
    return lane.value


def webhook_gate(lane: Lane) -> str:
    """Name the gate of what providers report by webhook."""
    return f"{lane}.webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress:
    """What is known of an ingress from its pulses."""

    ingress: UUID
    seen_at: datetime  # how far the receipts were when its last pulse was handled
    held_at: datetime | None = None
    held_until: datetime | None = None
    has_left: bool = False
    # up to when all that it took is published; None: it keeps nothing on its disk
    published_until: datetime | None = None

    def limit(self, now: datetime) -> datetime:
        """Up to when it could publish all that it was given, or providers came again with it."""
        if self.held_at is not None and self.held_until is not None and now < self.held_until:
            return self.held_at
        return self.seen_at


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


def gates_of(
    listeners: Sequence[Listener],
    ingresses: Sequence[Ingress],
    now: datetime,
    *,
    has_webhooks: bool,
) -> dict[str, datetime]:
    """Return each gate's latest deadline that may be judged; a gate that is shut is left out.

    `listeners`: the rows that count. `has_webhooks`: some account's provider reports by webhook.
    """
    normal = progress_of(listeners, Lane.NORMAL)
    gates: dict[str, datetime] = {}
    for lane in Lane:
        own = progress_of(listeners, lane)
        if own is None or normal is None:
            continue
        # a receipt whose publisher does not know its lane goes through the normal one
        handled = min(own, normal)
        gates[lane_gate(lane)] = handled - MARGIN
        published = webhook_limit(ingresses, normal, now) if has_webhooks else handled
        if published is not None:
            gates[webhook_gate(lane)] = min(handled, published) - MARGIN
    if len(gates) == 2 * len(Lane):
        gates[STRICTEST] = min(gates.values())
    return gates


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
    again: providers come again with what they could not deliver. Not less than `retry_gap`, for
    that long they wait between tries, and two minutes at most. `holds_something`: whether
    something waits on its disk; None when it keeps nothing there.
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


def _of_lane(listeners: Iterable[Listener], lane: Lane) -> list[Listener]:
    return [row for row in listeners if row.lane is lane]


def _all_past(listeners: Sequence[Listener], time: datetime) -> bool:
    return bool(listeners) and all(
        row.progress is not None and row.progress >= time for row in listeners
    )
