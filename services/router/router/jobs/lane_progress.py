"""How far this router has handled the receipts of one lane."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from herald.bus.subscribers import BatchSubscriber
from herald.contracts.vocabulary import Lane
from router.core.listeners import NOTHING_HANDLED, Listener, is_requeue_handled


class LaneProgress(Struct):
    """What the consumer of a lane handled, and whether some of it may be back in the queue."""

    lane: Lane
    subscriber: BatchSubscriber
    progress: datetime | None = None  # sending time of the newest own pulse that was handled
    held_at: datetime | None = None
    lost_at: datetime | None = None
    losses: int = 0

    def handle_pulse(self, sent_at: datetime) -> None:
        """Note that a router's pulse, and all that came before it, is handled."""
        self.progress = max(self.progress or sent_at, sent_at)

    def note_losses(self, now: datetime) -> None:
        """Hold silence where it is when deliveries may have gone back to the queue."""
        losses = self.subscriber.losses
        if losses != self.losses:
            self.losses, self.lost_at = losses, now
            self.held_at = self.held_at or self.progress or NOTHING_HANDLED

    def end_hold(self, counted: Iterable[Listener], router: UUID) -> None:
        """Hold no more once what was lost has been given to others, or back, and is handled."""
        takers = [
            row
            for row in counted
            if row.lane is self.lane and (row.router != router or self.subscriber.healthy)
        ]
        if self.lost_at is not None and is_requeue_handled(takers, self.lost_at):
            self.held_at = self.lost_at = None

    @property
    def counts(self) -> bool:
        """Whether some receipt may be here, or on its way here or back."""
        subscriber = self.subscriber
        return subscriber.healthy or subscriber.buffered > 0 or self.held_at is not None

    @property
    def is_over(self) -> bool:
        """Whether, after the stop, no receipt is here or on its way here or back."""
        return self.subscriber.is_drained and self.held_at is None

    def row(self, router: UUID, now: datetime) -> Listener:
        """Return the row of `router.listeners`."""
        return Listener(
            router=router,
            lane=self.lane,
            seen_at=now,
            progress=self.progress,
            held_at=self.held_at,
        )
