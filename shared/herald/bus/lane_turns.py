"""Urgent batches go first: all lanes of a process share one CPU."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from herald.bus.batches import Handler
from herald.bus.deliveries import Delivery
from herald.contracts.vocabulary import Lane

# The most that a batch waits for urgent ones, so that a flood of those starves nobody.
LONGEST_WAIT_SECONDS = 0.25


class LaneTurns:
    """While an urgent batch is handled no batch of another lane begins."""

    def __init__(self) -> None:
        self._urgent = 0
        self._is_free = asyncio.Event()
        self._is_free.set()

    def give(self, handler: Handler, lane: Lane | None = None) -> Handler:
        """Return a handler that keeps to the turns; None: of no lane, and never urgent."""
        return self._first(handler) if lane is Lane.URGENT else self._after(handler)

    def _first(self, handler: Handler) -> Handler:
        async def handle(deliveries: Sequence[Delivery]) -> None:
            self._urgent += 1
            self._is_free.clear()
            try:
                await handler(deliveries)
            finally:
                self._urgent -= 1
                if not self._urgent:
                    self._is_free.set()

        return handle

    def _after(self, handler: Handler) -> Handler:
        async def handle(deliveries: Sequence[Delivery]) -> None:
            await self.wait()
            await handler(deliveries)

        return handle

    async def wait(self) -> None:
        """Wait while an urgent batch is handled, a moment at most."""
        if self._urgent:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                    await self._is_free.wait()
