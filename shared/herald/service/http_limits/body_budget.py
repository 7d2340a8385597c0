"""One budget for the request bodies that a process holds, whoever sends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

MAX_BYTES = 64 * 1024 * 1024

Call = TypeVar("Call")


class BodyBudget(Generic[Call]):
    """Counts the bytes that calls hold, from their arrival until the call has ended.

    When there is no room, the oldest body that is not whole gives way: a caller at work sends its
    own within milliseconds, so that whoever stalls loses.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes
        self._held: dict[Call, int] = {}
        self._arriving: dict[Call, Callable[[], None]] = {}  # the oldest first

    def take(self, call: Call, size: int, give_way: Callable[[], None]) -> bool:
        """Count `size` bytes more; False when there is no room.

        `give_way` may be called until the body is `whole`: it ends the call, and is followed by
        `release`.
        """
        while self.bytes + size > self._max_bytes:
            oldest = next((other for other in self._arriving if other is not call), None)
            if oldest is None:
                return False
            make_room = self._arriving[oldest]
            self.release(oldest)
            make_room()
        if call not in self._held:
            self._held[call] = 0
            self._arriving[call] = give_way
        self._held[call] += size
        self.bytes += size
        return True

    def whole(self, call: Call) -> None:
        """Say that a body has arrived: it is worked on, and gives way no more."""
        self._arriving.pop(call, None)

    def release(self, call: Call) -> None:
        """Say that a call has ended, in whatever way. Once is enough, twice does no harm."""
        self._arriving.pop(call, None)
        self.bytes -= self._held.pop(call, 0)
