"""Keeps `Ears` fed: does the broker take receipts, and has everything in their queue been heard."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import uuid4

from herald.bus.connections import Connections
from herald.bus.frames import Frame
from herald.bus.subscribers import BatchSubscriber
from herald.database.pool import Database
from herald.topology import OUTBOUND, PULSE_KEY
from router.ears import Ears

LISTEN_SECONDS = 0.5
PULSE_SECONDS = 2.0  # with the pause less than the ears' margin: deafness is noticed in time
PULSE_TYPE = "herald.pulse.v1"


class Hearing:
    """Answers how far silence may be judged at this moment."""

    def __init__(
        self, connections: Connections, database: Database, receipts: BatchSubscriber
    ) -> None:
        self._connections = connections
        self._database = database
        self._receipts = receipts
        self._ears = Ears()
        self._taking: bool | None = None  # not asked yet
        self._drained = False

    @property
    def problem(self) -> str | None:
        """What is wrong beside the connections, which tell of themselves; None when all is well."""
        if self._taking is False and self._connections.is_connected:
            return "the broker takes nothing that is published: has it an alarm, or no topology?"
        return None

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
        """Ask the broker, until cancelled, whether it takes receipts and whether some wait."""
        while True:
            self._taking = await self._connections.publisher.is_taken(_pulse(), PULSE_SECONDS)
            ready = await self._receipts.count_ready() if self._connected else None
            self._drained = ready == 0 and self._receipts.buffered == 0
            await asyncio.sleep(LISTEN_SECONDS)

    @property
    def _connected(self) -> bool:
        is_up = self._connections.is_connected and self._database.problem is None
        return is_up and self._taking is True and self._receipts.healthy


def _pulse() -> Frame:
    """Make a frame that no queue gets."""
    return Frame(
        exchange=OUTBOUND,
        routing_key=PULSE_KEY,
        body=b"",
        message_id=str(uuid4()),
        type=PULSE_TYPE,
        mandatory=False,
    )
