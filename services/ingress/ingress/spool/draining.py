"""Putting what the spool holds on the bus, oldest first, as soon as the bus takes it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

import structlog

from herald.bus.outgoing_messages import OutgoingMessage
from herald.service.background import Background
from ingress import metrics
from ingress.grouped_publisher import GroupedPublisher
from ingress.spool.spool import Spool

AT_ONCE = 256

_log = structlog.get_logger(__name__)


class Draining:
    """Drains a spool for as long as a service runs; without a spool there is nothing to do."""

    def __init__(self, spool: Spool | None, publisher: GroupedPublisher) -> None:
        self._spool = spool
        self._work = (
            None if spool is None else Background("draining", lambda: drain(spool, publisher))
        )

    @property
    def problem(self) -> str | None:
        """What waits, or why it will go on waiting; None when all is on the bus."""
        if self._spool is None or self._work is None:
            return None
        return self._work.problem or self._spool.backlog

    async def __aenter__(self) -> None:
        if self._work is not None:
            self._work.start()

    async def __aexit__(self, *_error: object) -> None:
        if self._spool is not None and self._work is not None:
            await self._work.stop()
            await self._spool.close()


async def drain(spool: Spool, publisher: GroupedPublisher, pause_seconds: float = 1.0) -> None:
    """Empty the spool whenever something is in it. Ends by cancellation only.

    A message may be published twice, when a crash comes between its confirm and its removal: the
    same receipt, as when a provider repeats itself. Receipts go several in a message, for a broker
    that was away has more to do than ever.

    `pause_seconds`: while the bus, or the disk, takes nothing.
    """
    while True:
        await spool.filled.wait()
        spool.filled.clear()  # before looking: what is kept meanwhile sets it again
        try:
            while oldest := await spool.oldest(AT_ONCE):
                messages = [message for _, message in oldest]
                refused = await _publish(publisher, messages, pause_seconds)
                if refused:
                    _log.error("spool.unreadable", messages=len(refused))
                await spool.remove(oldest[-1][0], refused)
                _log.info("spool.drained", messages=len(oldest))
        except (OSError, sqlite3.Error) as error:
            _log.error("spool.failed", error=type(error).__name__, reason=str(error))
            spool.filled.set()
            await asyncio.sleep(pause_seconds)


async def _publish(
    publisher: GroupedPublisher, messages: Sequence[OutgoingMessage], pause_seconds: float
) -> list[OutgoingMessage]:
    """Publish until all is confirmed; return the messages that the bus will never take."""
    refused: list[OutgoingMessage] = []
    while messages:
        outcomes = await publisher.publish(messages)
        metrics.SPOOL_PUBLISHED.inc(outcomes.count(None))
        failed = [
            (message, failure)
            for message, failure in zip(messages, outcomes, strict=True)
            if failure is not None
        ]
        refused += [message for message, failure in failed if not failure.retry]
        messages = [message for message, failure in failed if failure.retry]
        if messages:
            await asyncio.sleep(pause_seconds)
    return refused
