"""Time limits of many calls, kept by one timer: one each costs more than most of what a call does.

A call is ended up to `LOOK_SECONDS` after its time.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

LOOK_SECONDS = 0.25


class Deadlines:
    """The time limits of what is under way, in one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None  # looked up once: it is a system call
        self._running: set[Deadline] = set()
        self._is_looking = False

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that it is used in."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def within(self, seconds: float) -> Deadline:
        """Return a time limit for a `with` block: one that takes longer raises TimeoutError."""
        return Deadline(self, self.loop.time() + seconds)

    def begin(self, deadline: Deadline) -> None:
        """Keep a time limit."""
        self._running.add(deadline)
        if not self._is_looking:
            self._look_later()

    def end(self, deadline: Deadline) -> None:
        """Forget a time limit: its block is over."""
        self._running.remove(deadline)

    def _look_later(self) -> None:
        self._is_looking = True
        self.loop.call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._is_looking = False
        now = self.loop.time()
        for deadline in self._running:
            deadline.expire(now)
        if self._running:
            self._look_later()


class Deadline:
    """The time limit of one block, which is cancelled as `asyncio.timeout` does it."""

    __slots__ = ("_at", "_cancelling", "_deadlines", "_is_over", "_task")

    def __init__(self, deadlines: Deadlines, at: float) -> None:
        self._deadlines = deadlines
        self._at = at
        self._is_over = False

    def __enter__(self) -> None:
        """Begin the block, in the task that it is to end in."""
        task = asyncio.current_task(self._deadlines.loop)
        assert task is not None, "calls are made in tasks"
        self._task, self._cancelling = task, task.cancelling()
        self._deadlines.begin(self)

    def expire(self, now: float) -> None:
        """Cancel the block, once, if its time is over."""
        if now >= self._at and not self._is_over:
            self._is_over = True
            self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End the block.

        Raises:
            TimeoutError: it was cancelled for its time, and for nothing else.
        """
        self._deadlines.end(self)
        if not self._is_over:
            return
        is_ours_alone = self._task.uncancel() <= self._cancelling
        if is_ours_alone and kind is asyncio.CancelledError:
            raise TimeoutError from error
