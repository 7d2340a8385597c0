"""Room in the queues of work: what this router may dispatch at once, and what waits in the backlog.

Each look at a queue gives every router a share of its room. What a router dispatches is taken from
its share, without asking anybody; a share that is used up, or a backlog, lets everything wait.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache

from msgspec import Struct

from herald.contracts.topology import outbound_queue
from herald.database.pool import Connection
from router.clearances.source import Found, Hop
from router.core.clearance import Clearance
from router.core.windows import SMALLEST
from router.store.backlog import StoredWindow

QUEUED = Clearance(is_queued=True)
STALE_SECONDS = 30.0  # after so long a queue is looked at in any case
# A message that was queued is seen by others when its transaction is committed, and not before.
COMMITTED_SECONDS = 2.0


class _Share(Struct):
    """What one router may dispatch into one queue until the next look."""

    given: int = SMALLEST
    left: int = SMALLEST
    looks: int = -1  # of the look that gave it
    looked_at: float = -math.inf
    queued_at: float = -math.inf
    has_backlog: bool = False


class Windows:
    """Knows this router's shares; lets steps start, or wait in the backlog."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shares: dict[str, _Share] = {}
        self._queue = cache(outbound_queue)

    async def clear(self, _connection: Connection, hops: Sequence[Hop], _now: datetime) -> Found:
        """Let as many steps start as there is room for, and queue the others.

        A step that was tried before has waited already.
        """
        return {hop.key: QUEUED for hop in hops if not self._has_room(hop)}

    def needs_look(self, queue: str) -> bool:
        """Whether a queue must be looked at: most of the share is used, or something waits."""
        share = self._share(queue)
        now = self._clock()
        return (
            share.has_backlog
            or share.left < share.given / 2
            or now - share.looked_at > STALE_SECONDS
            or now - share.queued_at < COMMITTED_SECONDS
        )

    def note(self, windows: Iterable[StoredWindow], routers: int) -> None:
        """Take this router's share of what the last looks at queues found."""
        for stored in windows:
            share, window = self._share(stored.queue), stored.window
            if stored.is_waited_for:  # it is a router's that died, perhaps
                share.queued_at = self._clock()
            if stored.looks == share.looks:
                continue
            share.given = share.left = window.room // routers
            share.looks, share.looked_at = stored.looks, self._clock()
            share.has_backlog = window.has_backlog

    def _has_room(self, hop: Hop) -> bool:
        if hop.is_released or hop.is_retry:
            return True
        share = self._share(self._queue(hop.planned.channel, hop.message.plan.lane))
        has_room = share.left > 0 and not share.has_backlog
        if hop.is_dry_run:
            return has_room
        if has_room:
            share.left -= 1
        else:
            share.has_backlog, share.queued_at = True, self._clock()
        return has_room

    def _share(self, queue: str) -> _Share:
        return self._shares.setdefault(queue, _Share())
