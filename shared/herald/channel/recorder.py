"""Recording reports in groups: in the row, then on the bus, then the work is acknowledged.

Whatever is waiting makes a group; nothing waits for a timer. A report that can't be recorded is
kept and tried again: it is known to nobody else. Once recorded, a report that can't be published is
the sweeper's, so its work may be acknowledged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog

from herald.bus.batches import where
from herald.bus.deliveries import settle
from herald.bus.publishing import Publisher
from herald.bus.receipt_messages import receipt_message
from herald.channel import metrics, sends
from herald.channel.finished import Finished
from herald.channel.sends import StoredReport
from herald.channel.traces import end_reported
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import Status
from herald.database.pool import Database, is_outage

PUBLISH_SECONDS = 5.0
MAX_GROUP = 200
FLUSH_SECONDS = 1.0
RETRY_SECONDS = 1.0
FINISH_SECONDS = 15.0

_log = structlog.get_logger(__name__)


class Recorder:
    """Takes finished work in, in any order, and reports it."""

    def __init__(
        self,
        channel: str,
        database: Database,
        publisher: Publisher,
        *,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._channel = channel
        self._retry_seconds = retry_seconds
        self._database = database
        self._publisher = publisher
        self._waiting: list[Finished] = []
        self._group: Sequence[Finished] = ()  # outlives a cancelled run, so that nothing is lost
        self._arrived = asyncio.Event()
        self._published: set[tuple[str, str]] = set()
        self._flushed_at = time.monotonic()
        self.problem: str | None = None

    @property
    def held(self) -> set[str]:
        """The attempts whose reports are not recorded yet."""
        names = (item.receipt.attempt_id for item in (*self._group, *self._waiting))
        return {name for name in names if name is not None}

    def add(self, finished: Finished) -> None:
        """Take finished work in."""
        self._waiting.append(finished)
        self._arrived.set()

    async def run(self) -> None:
        """Report groups until cancelled; after an outage the same group again."""
        while True:
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._arrived.wait()
            except TimeoutError:
                await self._report_group()  # nothing but the marks
                continue
            if not await self._report_group():
                await asyncio.sleep(self._retry_seconds)

    async def finish(self) -> None:
        """Report what is left, at the end; the next start then publishes nothing twice.

        What can't be recorded in time becomes unknown when its lease ends.
        """
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                while self._group or self._waiting:
                    if not await self._report_group():
                        await asyncio.sleep(self._retry_seconds)
        except TimeoutError:
            _log.error("recorder.unfinished", left=len(self._group) + len(self._waiting))
        try:
            await self._mark()
        except Exception as error:  # noqa: BLE001  unmarked reports are published once more
            _log.warning("recorder.unmarked", error=type(error).__name__)

    async def _report_group(self) -> bool:
        """Report a group, that of the last try first; False when it must be tried again."""
        if not self._group:
            self._group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        try:
            unpublished = await self._record_and_publish(self._group)
        except Exception as error:  # noqa: BLE001  these reports are known to nobody else
            self.problem = f"reports can't be recorded: {type(error).__name__}"
            if not is_outage(error):
                _log.error("recorder.failed", error=type(error).__name__, where=where(error))
            return False
        self.problem = None
        self._group = ()
        self._waiting += unpublished  # behind the others: reports can be recorded meanwhile
        if not self._waiting:
            self._arrived.clear()
        return not unpublished

    async def _record_and_publish(self, group: Sequence[Finished]) -> list[Finished]:
        """Report a group; return what no row has and could not be published."""
        ours = await self._record(group) | await self._release(group)
        publish = [item for item in group if item.recorded or item.receipt.attempt_id in ours]
        problems = await self._publisher.publish_many(
            [receipt_message(item.receipt, item.body, _trace(item)) for item in publish],
            PUBLISH_SECONDS,
        )
        unpublished: list[Finished] = []
        for item, problem in zip(publish, problems, strict=True):
            if item.receipt.status is Status.RETURNED:
                if problem is not None:
                    unpublished.append(item)  # no row has it
            elif problem is None:
                self._published.add((item.receipt.attempt_id or "", state_of(item.receipt)))
        kept = {id(item) for item in unpublished}
        await settle(item.delivery for item in group if id(item) not in kept)
        end_reported(item for item in group if id(item) not in kept)
        if not group or self._flush_is_due():
            await self._mark()
        return [item for item in unpublished if item.delivery.is_live or item.release is not None]

    async def _record(self, group: Sequence[Finished]) -> set[str]:
        """Record the group's reports; return the attempts whose row took theirs."""
        reports = {
            item.receipt.attempt_id: StoredReport(
                attempt_id=item.receipt.attempt_id,
                state=state_of(item.receipt),
                report=item.body.decode(),
            )
            for item in group
            if not item.recorded and not item.release and item.receipt.attempt_id is not None
        }
        if not reports:
            return set()
        async with self._database.connection() as connection:
            recorded = await sends.record(connection, list(reports.values()))
        metrics.RECORD_SIZE.labels(self._channel).observe(len(reports))
        if len(recorded) < len(reports):
            # another report holds the row; whoever recorded that one publishes it
            _log.warning("recorder.already_recorded", count=len(reports) - len(recorded))
        return recorded

    async def _release(self, group: Sequence[Finished]) -> set[str]:
        """Remove the claims of work that is given back; return the attempts that are free.

        The report of any other is somebody else's: its lease ended first.
        """
        claimants = {
            item.receipt.attempt_id: item.release
            for item in group
            if item.release is not None and item.receipt.attempt_id is not None
        }
        if not claimants:
            return set()
        async with self._database.connection() as connection:
            return await sends.release(connection, claimants)

    async def _mark(self) -> None:
        """Note what was published since the last time."""
        if not self._published:
            return
        published = set(self._published)
        async with self._database.connection() as connection:
            await sends.mark_published(connection, published)
        self._published -= published
        self._flushed_at = time.monotonic()

    def _flush_is_due(self) -> bool:
        return time.monotonic() - self._flushed_at >= FLUSH_SECONDS


def _trace(item: Finished) -> TraceContext | None:
    return None if item.span is None else item.span.context


def state_of(receipt: AttemptReceipt) -> str:
    """Return the row's state for a report."""
    return sends.UNKNOWN if receipt.status is Status.UNKNOWN else sends.RECORDED
