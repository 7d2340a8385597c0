"""Slots that this worker has of one bucket, for one lane. Pure: the time is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from herald.channel.limits.buckets import Drawn


@dataclass(slots=True)
class Block:
    """Slots of one draw: `left` of them, the next at `next_at`, to be used before `until`."""

    next_at: float
    gap: float
    left: int
    until: float
    end_at: datetime
    is_probe: bool = False


class Token(NamedTuple):
    """Leave to make one call at `at`; a `probe` is let through a block."""

    at: float
    probe: bool = False
    blocks: tuple[Block, ...] = ()

    def give_back(self) -> None:
        """Give its slots back: the call was not made."""
        for block in self.blocks:
            block.left += 1
            block.next_at -= block.gap


class Lease:
    """What a worker has of a bucket for one lane, and what it knows of it."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.asked_at = float("-inf")
        self.free_at = float("-inf")  # the next slot of the bucket, for one whose turn it is
        self.queue_end = float("-inf")  # behind which newcomers go
        self.gap = 0.0
        self.used = 0.0  # the part of the bucket that is drawn
        self._given = 0  # slots given out since it was asked last

    def stock(self, now: float) -> int:
        """Return how many slots it has for calls made now."""
        found = 0
        for block in self.blocks:
            if block.until >= now:
                found += block.left
        return found

    def next_block(self, now: float) -> Block | None:
        """Return the block whose slot is to be taken next."""
        for block in self.blocks:
            if block.left > 0 and block.until >= now:
                return block
        return None

    def drawn(self, now: float) -> float:
        """Return the part of the bucket that is drawn; above 1 where calls queue for it."""
        seconds = max(self.gap, 1.0)  # in which it fills
        if self.queue_end > now:
            return 1.0 + (self.queue_end - now) / seconds
        return max(self.used - (now - self.asked_at) / seconds, 0.0)

    def take(self, block: Block) -> float:
        """Take the block's next slot; return its time."""
        at, block.left = block.next_at, block.left - 1
        block.next_at += block.gap
        self._given += 1
        return at

    def demand(self, now: float, seconds: float, at_most: float) -> int:
        """Return how many slots the next `seconds` will want, by what was given out of late."""
        since = now - self.asked_at
        if since > 1.0:
            return 0
        expected = int(min(self._given / max(since, _SHORTEST_SECONDS) * seconds, at_most))
        return expected if expected > 1 else 0

    def learn(self, drawn: Drawn, asked_at: float, now: float) -> None:
        """Take in what the bucket gave."""
        left = drawn.taken + drawn.spare
        self.blocks = [block for block in self.blocks if block.left > 0 or block.until >= now]
        if left > 0:
            first = now + drawn.first
            until = max(now, asked_at + drawn.keep, first + drawn.gap * (drawn.taken - 1))
            self.blocks.append(Block(first, drawn.gap, left, until, drawn.end_at, drawn.is_probe))
        self.asked_at, self.gap, self.used, self._given = now, drawn.gap, drawn.used, 0
        self.free_at = asked_at + drawn.free if drawn.free > 0 else float("-inf")
        self.queue_end = asked_at + drawn.queue if drawn.queue > 0 else float("-inf")

    def expired(self, now: float) -> list[tuple[datetime, float]]:
        """Forget blocks that may not be used any more; return what is left of them, in seconds."""
        over = [block for block in self.blocks if block.until < now]
        if over:
            self.blocks = [block for block in self.blocks if block.until >= now]
        return [(block.end_at, block.left * self.gap) for block in over if block.left > 0]


_SHORTEST_SECONDS = 0.05
