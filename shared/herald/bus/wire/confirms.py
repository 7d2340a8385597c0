"""The confirms that a channel's publishes wait for: one future for all of a write.

Tags count up with the publishes of a channel, so each write has a range of them. The broker
confirms one, or all up to one; nothing here walks over what is confirmed already.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from enum import Enum


class Outcome(Enum):
    """What became of one publish."""

    WAITING = "nothing yet"
    CONFIRMED = "taken"
    RETURNED = "no queue takes it"
    REFUSED = "refused by the broker"
    LOST = "its channel closed before"


class Write:
    """Publishes that were written together."""

    def __init__(self, first: int, message_ids: Sequence[str]) -> None:
        self.first = first  # tag
        self.last = first + len(message_ids) - 1
        self.outcomes = [Outcome.WAITING] * len(message_ids)
        self.left = len(message_ids)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._message_ids = message_ids
        self._returned: set[int] = set()
        self._settled_to = 0  # all before this index are settled

    def settle(self, up_to: int, outcome: Outcome, *, multiple: bool) -> None:
        """Take a confirm of the tag `up_to`, or of all up to it."""
        index = min(up_to, self.last) - self.first
        for each in range(self._settled_to if multiple else index, index + 1):
            self._settle_one(each, outcome)
        if multiple:
            self._settled_to = max(self._settled_to, index + 1)
        if not self.left:
            self._wake()

    async def is_done_by(self, deadline: float) -> bool:
        """Wait until all of it is settled; False: it is not at `deadline`, in the loop's time."""
        loop = asyncio.get_running_loop()
        timer = loop.call_at(deadline, self._wake)
        try:
            await self.done
        finally:
            timer.cancel()
        if not self.left:
            return True
        self.done = loop.create_future()  # to be waited for again
        return False

    def mark_returned(self, message_id: str) -> None:
        """Note that a message came back, if it is one of these."""
        for index, own in enumerate(self._message_ids):
            if own == message_id and self.outcomes[index] is Outcome.WAITING:
                self._returned.add(index)

    def lose(self) -> None:
        """Give up what waits: its channel is closed."""
        for index in range(len(self.outcomes)):
            self._settle_one(index, Outcome.LOST)
        self._wake()

    def _wake(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _settle_one(self, index: int, outcome: Outcome) -> None:
        if self.outcomes[index] is Outcome.WAITING:
            is_returned = index in self._returned and outcome is not Outcome.LOST
            self.outcomes[index] = Outcome.RETURNED if is_returned else outcome
            self.left -= 1


class ConfirmBook:
    """All writes of one channel that wait, in the order of their tags."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()  # tags are given in the order in which bytes are written
        self.closed_because: str | None = None
        self._next = 1
        self._waiting: deque[Write] = deque()

    def expect(self, message_ids: Sequence[str]) -> Write:
        """Give the next publishes their tags; under the lock, and written under it, too."""
        write = Write(self._next, message_ids)
        self._next = write.last + 1
        self._waiting.append(write)
        return write

    def take_back(self, write: Write) -> None:
        """Undo the last `expect`: nothing was written, so every later tag would be off.

        Where the channel was closed meanwhile, that was given up with everything else.
        """
        if self.closed_because is not None:
            return
        assert self._waiting[-1] is write, "another one was written since"
        self._waiting.pop()
        self._next = write.first

    def settle(self, tag: int, *, multiple: bool, acked: bool) -> None:
        """Take a confirm."""
        outcome = Outcome.CONFIRMED if acked else Outcome.REFUSED
        for write in self._waiting:
            if write.first > tag:
                break
            if multiple or tag <= write.last:
                write.settle(tag, outcome, multiple=multiple)
        while self._waiting and not self._waiting[0].left:
            self._waiting.popleft()

    def returned(self, message_id: str | None) -> None:
        """Take a message that no queue takes: any that waits of that id.

        Several do where one timed out and was published again. Only the last is looked at, and it
        must not count as taken for a return that was noted of another.
        """
        if message_id is not None:
            for write in self._waiting:
                write.mark_returned(message_id)

    def lose(self, reason: str) -> None:
        """Give up everything: the channel is closed. The first reason that is given stays."""
        if self.closed_because is None:
            self.closed_because = reason
        for write in self._waiting:
            write.lose()
        self._waiting.clear()
