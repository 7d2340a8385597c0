"""Work that waits in its slot for its turn at a limit.

What is due is looked at together, and not more often than needed, so that a hot limit sees few
statements.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count

from herald.channel.attempts import Attempt

PAUSE_SECONDS = 0.045  # between two looks


class WaitingRoom:
    """Keeps attempts until their times, and then has `act` plan them again.

    `show` is given how many wait.
    """

    def __init__(
        self,
        act: Callable[[Sequence[Attempt]], Awaitable[None]],
        show: Callable[[int], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._act = act
        self._show = show
        self._clock = clock
        self._heap: list[tuple[float, int, Attempt]] = []
        self._numbers = count()
        self._earlier = asyncio.Event()  # somebody came whose time is before all others
        self._looked_at = float("-inf")
        self._is_running = False

    def add(self, attempt: Attempt, at: float) -> bool:
        """Keep an attempt until `at`; return whether `run` is to be started."""
        heappush(self._heap, (at, next(self._numbers), attempt))
        self._show(len(self._heap))
        if self._heap[0][2] is attempt:
            self._earlier.set()
        starts, self._is_running = not self._is_running, True
        return starts

    async def run(self) -> None:
        """Look until nobody waits."""
        try:
            while self._heap:
                await self._wait(max(self._heap[0][0], self._looked_at + PAUSE_SECONDS))
                self._looked_at = now = self._clock()
                due = []
                while self._heap and self._heap[0][0] <= now:
                    due.append(heappop(self._heap)[2])
                self._show(len(self._heap))
                if due:
                    await self._act(due)
        finally:
            self._is_running = False

    async def _wait(self, until: float) -> None:
        """Wait, or until somebody comes whose time is earlier."""
        self._earlier.clear()
        seconds = until - self._clock()
        if seconds <= 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._earlier.wait()
                earliest = self._looked_at + PAUSE_SECONDS - self._clock()
                await asyncio.sleep(max(earliest, 0.0))
