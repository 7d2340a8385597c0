"""WhatsApp's service window, kept to when asked: texts only for a while after recipients wrote."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

CHANNEL = "whatsapp"
MAX_RECIPIENTS = 100_000

Key = tuple[str, str, str]  # provider, account and recipient


@dataclass(slots=True)
class ServiceWindow:
    """Who wrote when; `seconds` is how long a text goes after that, None: at any time."""

    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic
    _wrote: dict[Key, float] = field(default_factory=dict)

    def wrote(self, provider: str, channel: str, account: str, recipient: str) -> None:
        """Keep that a recipient wrote to an account."""
        if channel != CHANNEL:
            return
        key = (provider, account, recipient.removeprefix("+"))
        self._wrote.pop(key, None)
        self._wrote[key] = self.clock()
        if len(self._wrote) > MAX_RECIPIENTS:
            del self._wrote[next(iter(self._wrote))]

    def is_closed(self, provider: str, channel: str, account: str, recipient: str) -> bool:
        """Whether a text to a recipient is too late."""
        if self.seconds is None or channel != CHANNEL:
            return False
        at = self._wrote.get((provider, account, recipient.removeprefix("+")))
        return at is None or self.clock() - at >= self.seconds

    def reset(self) -> None:
        """Keep to nothing, and forget who wrote."""
        self.seconds = None
        self._wrote.clear()
