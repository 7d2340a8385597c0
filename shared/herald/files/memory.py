"""One bound for the files that a worker holds in memory, whatever its calls."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable


class Hold:
    """Bytes that a body may take; given back when nobody has it any more."""

    def __init__(self, memory: Memory, size: int) -> None:
        self._memory = memory
        self._holders = 0
        self.size = size

    def shrink(self, size: int) -> None:
        """Give back what the body did not need."""
        self._memory.give_back(self.size - size)
        self.size = size

    def release(self) -> None:
        """Give everything back."""
        self.shrink(0)

    def keep_with(self, holder: object) -> None:
        """Count one more that has the body; with the last of them everything is given back."""
        self._holders += 1
        weakref.finalize(holder, self._let_go)

    def _let_go(self) -> None:
        self._holders -= 1
        if not self._holders:
            self.release()


class Memory:
    """Bytes for bodies: who finds no room waits, in turn. Waiting is bounded by who waits.

    `make_room` is asked first for as many bytes as are missing; it may have none.
    """

    def __init__(self, most: int, make_room: Callable[[int], None] = lambda _: None) -> None:
        self.free = most
        self._most = most
        self._make_room = make_room
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def held(self) -> int:
        """The bytes that are taken."""
        return self._most - self.free

    async def take(self, size: int) -> Hold:
        """Take bytes for a body, at most as many as there are."""
        if size > self.free:
            self._make_room(size - self.free)
        if self._waiting or size > self.free:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((size, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.give_back(size)
                self._let_in()
                raise
        else:
            self.free -= size
        return Hold(self, size)

    def give_back(self, size: int) -> None:
        """Take bytes back, and let in who waits for them."""
        self.free += size
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if turn.done():
                self._waiting.popleft()
            elif size <= self.free:
                self._waiting.popleft()
                self.free -= size
                turn.set_result(None)
            else:
                return
