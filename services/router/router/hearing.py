"""Keeps `Ears` fed: are receipts consumed, is their queue drained, how new is what was heard."""

from __future__ import annotations

import asyncio
from datetime import datetime

from herald.bus.connections import Connections
from herald.bus.subscribers import BatchSubscriber
from router.ears import Ears

LISTEN_SECONDS = 0.5


class Hearing:
    """Answers how far silence may be judged at this moment."""

    def __init__(self, connections: Connections, receipts: BatchSubscriber) -> None:
        self._connections = connections
        self._receipts = receipts
        self._ears = Ears()
        self._drained = False

    def silence_until(self, now: datetime) -> datetime | None:
        """Return the latest deadline that silence may be judged for; None: none at all."""
        return self._ears.watermark(
            now,
            connected=self._connected,
            buffered=self._receipts.buffered,
            newest_heard=self._receipts.newest_handled,
            drained=self._drained,
        )

    async def run(self) -> None:
        """Ask the broker, until cancelled, whether receipts wait in the queue."""
        while True:
            ready = await self._receipts.count_ready() if self._connected else None
            self._drained = ready == 0 and self._receipts.buffered == 0
            await asyncio.sleep(LISTEN_SECONDS)

    @property
    def _connected(self) -> bool:
        return self._connections.is_connected and self._receipts.healthy
