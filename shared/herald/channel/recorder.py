"""Recording reports in groups: in the row and on the bus at once, then the work is acknowledged.

Whatever is waiting makes a group; nothing waits for a timer. A report that can't be recorded is
kept and tried again: it is known to nobody else. One that is recorded and can't be published is
left to the sweeper, so its work may be acknowledged. Until then the work is what a report is
published by if this process dies: it comes again, and finds the report in the row. Where it can't,
because it came again before or its channel is lost, the sweeper looks after the row from the start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from herald.bus.batches import where
from herald.bus.deliveries import settle
from herald.bus.publishing import Publisher
from herald.channel import metrics, sends
from herald.channel.finished import Finished
from herald.channel.report_batches import message_of, parts_of_reports
from herald.channel.sends import StoredReport
from herald.channel.traces import end_reported
from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import Status
from herald.database.pool import Database, is_outage

PUBLISH_SECONDS = 5.0
MAX_GROUP = 200
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
        in_batches: Callable[[], bool] = lambda: False,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """Make it; `in_batches`: whether several reports may go in one message at this moment."""
        self._channel = channel
        self._in_batches = in_batches
        self._retry_seconds = retry_seconds
        self._database = database
        self._publisher = publisher
        self._waiting: list[Finished] = []
        self._group: Sequence[Finished] = ()  # outlives a cancelled run, so that nothing is lost
        self._arrived = asyncio.Event()
        self._published: set[int] = set()  # of the group, by identity: it may come again
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
            await self._arrived.wait()
            if not await self._report_group():
                await asyncio.sleep(self._retry_seconds)

    async def finish(self) -> None:
        """Report what is left, at the end.

        What can't be recorded in time becomes unknown when its lease ends.
        """
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                while self._group or self._waiting:
                    if not await self._report_group():
                        await asyncio.sleep(self._retry_seconds)
        except TimeoutError:
            _log.error("recorder.unfinished", left=len(self._group) + len(self._waiting))

    async def _report_group(self) -> bool:
        """Report a group, that of the last try first; False when it must be tried again."""
        if not self._group:
            self._group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        try:
            unpublished = await self._report(self._group)
        except Exception as error:  # noqa: BLE001  these reports are known to nobody else
            self.problem = f"reports can't be recorded: {type(error).__name__}"
            if not is_outage(error):
                _log.error("recorder.failed", error=type(error).__name__, where=where(error))
            return False
        self.problem = None
        self._group = ()
        self._published = set()
        self._waiting += unpublished  # behind the others: reports can be recorded meanwhile
        if not self._waiting:
            self._arrived.clear()
        return not unpublished

    async def _report(self, group: Sequence[Finished]) -> list[Finished]:
        """Report a group; return what no row has and could not be published."""
        free = await self._release(group)
        due = [item for item in group if not item.release or item.receipt.attempt_id in free]
        recorded, published = await asyncio.gather(
            self._record(group), self._publish(due), return_exceptions=True
        )
        if isinstance(recorded, BaseException):
            raise recorded
        if isinstance(published, BaseException):
            raise published
        await self._correct(due, recorded)
        unpublished = [item for item in self._unpublished(due) if not _has_row(item)]
        kept = {id(item) for item in unpublished}
        done = [item for item in group if id(item) not in kept] if kept else group
        await settle(item.delivery for item in done)
        end_reported(done)
        return [item for item in unpublished if item.delivery.is_live or item.release is not None]

    async def _publish(self, due: Sequence[Finished]) -> None:
        """Publish what is not published yet; a group comes again after an outage."""
        left = self._unpublished(due)
        parts = parts_of_reports(left) if self._in_batches() else [[item] for item in left]
        problems = await self._publisher.publish_many(
            [message_of(part) for part in parts], PUBLISH_SECONDS
        )
        self._published |= {
            id(item)
            for part, problem in zip(parts, problems, strict=True)
            if problem is None
            for item in part
        }

    def _unpublished(self, group: Sequence[Finished]) -> list[Finished]:
        return [item for item in group if id(item) not in self._published]

    async def _record(self, group: Sequence[Finished]) -> dict[str, bool]:
        """Record the group's reports; return which rows took theirs, and call it published."""
        reports = {
            item.receipt.attempt_id: StoredReport(
                attempt_id=item.receipt.attempt_id,
                state=state_of(item.receipt),
                report=item.body.decode(),
                published=item.delivery.is_live,
            )
            for item in group
            if not item.recorded and not item.release and item.receipt.attempt_id is not None
        }
        if not reports:
            return {}
        async with self._database.connection() as connection:
            recorded = await sends.record(connection, list(reports.values()))
        metrics.RECORD_SIZE.labels(self._channel).observe(len(reports))
        if len(recorded) < len(reports):
            # another report holds the row, or the response of an earlier try was lost
            _log.warning("recorder.already_recorded", count=len(reports) - len(recorded))
        return recorded

    async def _correct(self, due: Sequence[Finished], recorded: Mapping[str, bool]) -> None:
        """Let rows say what became of their reports, where that is not what they say."""
        left = [item for item in self._unpublished(due) if _has_row(item)]
        open_rows = {attempt for attempt, is_published in recorded.items() if not is_published}
        done = [
            item
            for item in (due if open_rows else ())
            if item.receipt.attempt_id in open_rows
            and id(item) in self._published
            and _has_row(item)
        ]
        for items, published in ((left, False), (done, True)):
            if items:
                names = [(item.receipt.attempt_id or "", state_of(item.receipt)) for item in items]
                async with self._database.connection() as connection:
                    await sends.mark_published(connection, names, published=published)

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


def _has_row(item: Finished) -> bool:
    return item.receipt.status is not Status.RETURNED


def state_of(receipt: AttemptReport | AttemptReceipt) -> str:
    """Return the row's state for a report."""
    return sends.UNKNOWN if receipt.status is Status.UNKNOWN else sends.RECORDED
