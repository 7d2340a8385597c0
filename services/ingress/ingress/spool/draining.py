"""Putting what the spool holds on the bus, oldest first, as soon as the bus takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.service.background import Background
from ingress import metrics
from ingress.spool.records import frame_of
from ingress.spool.spool import Spool

PAUSE_SECONDS = 1.0  # while the bus, or the disk, takes nothing
FRAMES_AT_ONCE = 256

_log = structlog.get_logger(__name__)


class Draining:
    """Drains a spool for as long as a service runs; without a spool there is nothing to do."""

    def __init__(self, spool: Spool | None, publisher: Publisher) -> None:
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


async def drain(spool: Spool, publisher: Publisher) -> None:
    """Empty the spool whenever something is in it. Ends by cancellation only.

    A frame may be published twice, when a crash comes between its confirm and the removal of its
    segment: under the same id, as when a provider repeats itself.
    """
    while True:
        await spool.filled.wait()
        spool.filled.clear()  # before looking: what is kept meanwhile sets it again
        try:
            while (taken := await spool.take_oldest()) is not None:
                await _drain_segment(spool, publisher, *taken)
        except OSError as error:
            _log.error("spool.failed", error=type(error).__name__, reason=error.strerror)
            spool.filled.set()
            await asyncio.sleep(PAUSE_SECONDS)


async def _drain_segment(
    spool: Spool, publisher: Publisher, path: Path, lines: Sequence[bytes]
) -> None:
    frames: list[tuple[OutgoingMessage, bytes]] = []
    bad: list[bytes] = []
    for line in lines:
        try:
            frames.append((frame_of(line), line))
        except ValueError:
            bad.append(line)
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        bad += await _publish(publisher, frames[start : start + FRAMES_AT_ONCE])
    if bad:
        place = await spool.set_aside(path, bad)
        _log.error("spool.unreadable", lines=len(bad), file=place.name)
    await spool.remove(path)
    _log.info("spool.drained", frames=len(frames))


async def _publish(
    publisher: Publisher, group: Sequence[tuple[OutgoingMessage, bytes]]
) -> list[bytes]:
    """Publish until all is confirmed; return the lines that the bus will never take."""
    refused: list[bytes] = []
    while group:
        outcomes = await publisher.publish_many([frame for frame, _ in group])
        metrics.SPOOL_PUBLISHED.inc(outcomes.count(None))
        failed = [
            (item, outcome)
            for item, outcome in zip(group, outcomes, strict=True)
            if outcome is not None
        ]
        refused += [line for (_, line), failure in failed if not failure.retry]
        group = [item for item, failure in failed if failure.retry]
        if group:
            await asyncio.sleep(PAUSE_SECONDS)
    return refused
