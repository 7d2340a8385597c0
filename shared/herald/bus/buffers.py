"""What a consumer received and has not handled: taken in order, or in turns of its groups."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from herald.bus.deliveries import Delivery

Group = Callable[[Delivery], str]
Count = Callable[[Delivery], int]


class Buffer:
    """Deliveries that wait for their batch.

    With `group`, deliveries of many groups wait in one queue each, and a batch takes one of each
    in turn. It is called only when more waits than a batch takes: else there is nothing to share.
    `count` says how many of what is handled a delivery brings; without it each brings one.
    """

    def __init__(self, group: Group | None = None, count: Count | None = None) -> None:
        self._group = group
        self._count = count
        self._arrived: deque[Delivery] = deque()
        self._groups: dict[str, deque[Delivery]] = {}  # in the order of their turns
        self._grouped = 0

    def __len__(self) -> int:
        return len(self._arrived) + self._grouped

    @property
    def is_shared(self) -> bool:
        """Whether its groups take turns."""
        return self._group is not None

    def append(self, delivery: Delivery) -> None:
        """Take a delivery in."""
        self._arrived.append(delivery)

    def clear(self) -> int:
        """Forget every delivery; return how many there were."""
        number = len(self)
        self._arrived.clear()
        self._groups.clear()
        self._grouped = 0
        return number

    def shorten(self, most: int) -> int:
        """Keep the next `most`; return how many of the others were forgotten."""
        kept = self.take(most, None)
        forgotten = self.clear()
        self._arrived.extend(kept)
        return forgotten

    def drop_dead(self) -> int:
        """Forget those whose channel was lost; return how many there were.

        They came before all that live.
        """
        before = len(self)
        _drop_dead(self._arrived)
        for name in [name for name, waiting in self._groups.items() if not waiting[0].is_live]:
            waiting = self._groups[name]
            self._grouped -= _drop_dead(waiting)
            if not waiting:
                del self._groups[name]
        return before - len(self)

    def take(self, most: int, most_bytes: int | None) -> list[Delivery]:
        """Take the next deliveries: of one channel, and of so much unless it is one alone."""
        if self._group is not None and len(self) > most:
            self._part(self._group)
        batch: list[Delivery] = []
        size = count = 0
        while count < most and (delivery := self._next()) is not None:
            size += len(delivery.body)
            count += 1 if self._count is None else self._count(delivery)
            is_too_much = count > most or (most_bytes is not None and size > most_bytes)
            if batch and (is_too_much or delivery.received_on is not batch[0].received_on):
                break
            self._pop_next()
            batch.append(delivery)
        return batch

    def _part(self, group: Group) -> None:
        """Put what arrived behind the others of its group."""
        self._grouped += len(self._arrived)
        for delivery in self._arrived:
            self._groups.setdefault(group(delivery), deque()).append(delivery)
        self._arrived.clear()

    def _next(self) -> Delivery | None:
        if self._groups:
            return next(iter(self._groups.values()))[0]
        return self._arrived[0] if self._arrived else None

    def _pop_next(self) -> None:
        """Remove the next one; its group has its next turn after all others."""
        if not self._groups:
            self._arrived.popleft()
            return
        name = next(iter(self._groups))
        waiting = self._groups.pop(name)
        waiting.popleft()
        self._grouped -= 1
        if waiting:
            self._groups[name] = waiting


def _drop_dead(waiting: deque[Delivery]) -> int:
    dropped = 0
    while waiting and not waiting[0].is_live:
        waiting.popleft()
        dropped += 1
    return dropped
