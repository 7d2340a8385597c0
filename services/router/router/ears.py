"""Whether silence can be judged: only with open ears, and only up to what has been heard. Pure.

`fallback_after` and `start_within` measure silence. While receipts wait unheard or work can't be
started (broker away or taking nothing, database away, router down or stuck, queue not drained)
silence means nothing, so these deadlines are held.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

MARGIN = timedelta(seconds=5)  # a receipt published now may be this long on its way to us
LONGEST_HOLD = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(seconds=3)  # who did not even ask for longer was deaf meanwhile


@dataclass(slots=True)
class Ears:
    """Fed with what the service knows; answers how far silence may be judged."""

    _deaf_since: datetime | None = None
    _held_until: datetime | None = None
    _asked_at: datetime | None = None
    _drained: bool = False

    def watermark(
        self,
        now: datetime,
        *,
        connected: bool,
        buffered: int,
        newest_heard: datetime | None,
        drained: bool,
    ) -> datetime | None:
        """Return the latest deadline that silence may be judged for; None: none at all.

        Args:
            now: the time.
            connected: the broker is there and takes messages, the database is there, and receipts
                are consumed.
            buffered: receipts taken from the broker and not committed yet.
            newest_heard: publish time of the newest receipt committed.
            drained: the receipts queue is empty at this moment.
        """
        asked_at, self._asked_at = self._asked_at, now
        if asked_at is not None and now - asked_at > LONGEST_PAUSE:
            self._deaf_since = self._deaf_since or asked_at
        if not connected:
            self._deaf_since = self._deaf_since or now
            return None
        if self._deaf_since is not None:
            # held as long again as the outage: providers retry what they could not tell us
            outage = min(now - self._deaf_since, LONGEST_HOLD)
            self._held_until = max(self._held_until or now, now + outage)
            self._deaf_since = None
            self._drained = False
        self._drained = self._drained or drained
        if not self._drained or (self._held_until is not None and now < self._held_until):
            return None
        # between two batches nothing is buffered, though the broker may hold a long queue
        all_heard = drained and not buffered
        heard = now if all_heard else (newest_heard or now - LONGEST_HOLD)
        return min(heard, now) - MARGIN
