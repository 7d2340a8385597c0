"""Windows: how many messages may wait in a queue of work, and whose turn it is to be let in. Pure.

What a queue holds has left the database's hands: it is in nobody's order but the broker's. So a
queue holds about two seconds of work, and the rest waits where tenants can be served in turn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

SECONDS = 2.0  # of work that a queue holds
SMALLEST = 200  # messages, however slow the channel is: workers must not run dry between two looks
FIRST = 2000  # before anything is known of the channel
LARGEST = 20_000
_MEMORY_SECONDS = 4.0  # in which a measured rate counts for little any more


class Window(Struct, frozen=True, kw_only=True):
    """A queue's window.

    `released`: how many messages of the backlog are let in at this look. `has_backlog`: more wait
    than that. `drained`: messages a second that left the queue; None as long as nobody knows.
    """

    size: int = FIRST
    depth: int = 0
    released: int = 0
    drained: float | None = None
    has_backlog: bool = False
    last_tenant: str = ""

    @property
    def room(self) -> int:
        """How many messages may be dispatched at once."""
        return max(0, self.size - self.depth - self.released)


def after_look(
    window: Window, depth: int, elapsed_seconds: float, *, waiting: int, seconds: float
) -> Window:
    """Return the window once its queue was looked at, `elapsed_seconds` after the last time.

    The backlog comes first: of its `waiting` messages as many are let in as there is room for.
    Only while more wait it is known what entered the queue, and so what left it.
    """
    drained = window.drained
    if window.has_backlog and elapsed_seconds > 0:
        drained = _drained(window, depth, elapsed_seconds)
    size = window.size
    if drained is not None:
        size = max(SMALLEST, min(LARGEST, math.ceil(seconds * drained)))
    released = min(waiting, max(0, size - depth))
    return replace(
        window,
        size=size,
        depth=depth,
        released=released,
        drained=drained,
        has_backlog=waiting > released,
    )


def _drained(window: Window, depth: int, elapsed_seconds: float) -> float:
    rate = max(0, window.depth + window.released - depth) / elapsed_seconds
    known = window.drained
    if known is None:
        return rate
    if depth == 0:  # it ran dry: its workers may do more than they were given
        return max(known, rate)
    return known + (rate - known) * (1 - math.exp(-elapsed_seconds / _MEMORY_SECONDS))


def turns(tenants: Sequence[str], last: str, room: int) -> dict[str, int]:
    """Share `room` among tenants, in turn after the one who was `last`; return how many each gets.

    In the order of their turns: the last of them with a share is who was last the next time.
    """
    ordered = sorted(tenants)
    after = [name for name in ordered if name > last]
    rotated = [*after, *ordered[: len(ordered) - len(after)]]
    each, more = divmod(room, len(rotated)) if rotated else (0, 0)
    shares = {name: each + (place < more) for place, name in enumerate(rotated)}
    return {name: share for name, share in shares.items() if share}


def last_turn(shares: dict[str, int]) -> str:
    """Return the tenant whose turn was the last: the next one begins the next time."""
    most = max(shares.values())
    return [name for name, share in shares.items() if share == most][-1]
