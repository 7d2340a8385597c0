"""How many messages a consumer may hold, by their sizes: prefetch counts messages, memory bytes.

Pure. RabbitMQ has no prefetch by bytes, so the number follows the mean size of what came last.
"""

from __future__ import annotations

from collections import deque

from herald.contracts.commands import MAX_COMMAND_BYTES

# Of one consumer, received and not settled. A router has about ten; handling takes several times
# the bytes of a batch beside it; and its container has 512 MiB.
BUDGET_BYTES = 16 * 1024 * 1024
# Of one batch, for it is decoded as a whole.
MAX_BATCH_BYTES = 4 * 1024 * 1024

_REMEMBERED = 64  # deliveries that the mean is of: large ones are noticed after some 25
_ENOUGH = 32  # deliveries before their mean is believed


class PrefetchBudget:
    """Says which prefetch suits; starts with what is safe for messages of `largest` bytes."""

    def __init__(self, most: int, largest: int = MAX_COMMAND_BYTES) -> None:
        self._most = most
        self._largest = largest
        self._sizes: deque[int] = deque(maxlen=_REMEMBERED)
        self._sum = 0

    def note(self, size: int) -> None:
        """Take in the bytes of a message that was received."""
        if len(self._sizes) == _REMEMBERED:
            self._sum -= self._sizes[0]
        self._sizes.append(size)
        self._sum += size

    @property
    def allowed(self) -> int:
        """How many messages of the present mean size the budget has room for."""
        count = len(self._sizes)
        mean = max(1.0, self._sum / max(1, count))
        if count < _ENOUGH:
            mean = max(mean, self._largest)
        return max(1, min(self._most, int(BUDGET_BYTES // mean)))

    def suited(self, current: int) -> int:
        """Return the prefetch to go on with; another one only when it is worth the change."""
        allowed = self.allowed
        is_far = current >= 2 * allowed or allowed >= 2 * current
        return allowed if is_far or allowed == self._most else current
