"""The sweeper: claims nobody reported become unknown; reports that were not published are."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import timedelta

import structlog
from pydantic import ValidationError

from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.bus.receipt_messages import receipt_body, report_message
from herald.channel import metrics, sends
from herald.channel.reports import lease_ended
from herald.channel.sends import StoredReport
from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.receipts import AttemptReceipt
from herald.database.pool import OUTAGES, Database
from herald.service.periodic import JITTER, Periodic

INTERVAL_SECONDS = 2.0
LEASE_MARGIN = timedelta(seconds=2)  # workers of 0.1 set leases by clocks of their own
AFTER_OUTAGE_SECONDS = 10.0  # as long workers may take to record what they kept meanwhile
UNPUBLISHED_AGE = timedelta(seconds=5)  # a report in the making is published well before
BATCH = 200
PUBLISH_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Sweeper:
    """Sweeps one channel's rows; any number of replicas may do so at once.

    `held` names the attempts whose reports this process is about to record: their leases are not
    judged. Other processes are given some time for theirs after an outage of the database.
    """

    def __init__(
        self,
        channel: str,
        database: Database,
        publisher: Publisher,
        *,
        held: Callable[[], Collection[str]] = frozenset,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._database = database
        self._publisher = publisher
        self._held = held
        self._clock = clock
        self._judges_from = float("-inf")

    async def run(self) -> None:
        """Sweep until cancelled."""
        await Periodic(
            "sweeper", self.turn, INTERVAL_SECONDS, jitter=JITTER, begins_with_pause=True
        ).run()

    async def turn(self) -> bool:
        """Sweep once, leases not soon after an outage; return whether more may wait."""
        try:
            return await self.sweep(leases=self._clock() >= self._judges_from)
        except OUTAGES:
            self._judges_from = self._clock() + AFTER_OUTAGE_SECONDS
            raise

    async def sweep(self, *, leases: bool = True) -> bool:
        """Report ended leases, then publish what was recorded and not published.

        Returns whether more may wait: a batch was full and its reports could be published.
        """
        ended = await self._end_leases() if leases else []
        published = not ended or await self._publish(ended)
        async with self._database.connection() as connection:
            unpublished = await sends.take_unpublished(
                connection, self._channel, UNPUBLISHED_AGE, BATCH
            )
        if unpublished:
            metrics.REPUBLISHED.labels(self._channel).inc(len(unpublished))
            published = await self._publish(unpublished) and published
        return published and BATCH in {len(ended), len(unpublished)}

    async def _end_leases(self) -> list[StoredReport]:
        """Record `unknown` for claims whose lease is over; return their reports."""
        async with self._database.transaction() as connection:
            rows = await sends.lock_ended_leases(
                connection, self._channel, LEASE_MARGIN, BATCH, self._held()
            )
            now = self._database.now()
            ended = [
                _unknown(lease_ended(attempt, self._channel, provider, account, now))
                for attempt, provider, account in rows
            ]
            if ended:
                await sends.record(connection, ended)
        for _, _, account in rows:
            metrics.LEASES_ENDED.labels(self._channel, account).inc()
        return ended

    async def _publish(self, reports: list[StoredReport]) -> bool:
        """Publish reports and note those confirmed; return whether all of them were."""
        readable = [(item, message) for item in reports if (message := _message(item)) is not None]
        problems = await self._publisher.publish_many(
            [message for _, message in readable], PUBLISH_SECONDS
        )
        published = [
            (item.attempt_id, item.state)
            for (item, _), problem in zip(readable, problems, strict=True)
            if problem is None
        ]
        if published:
            async with self._database.connection() as connection:
                await sends.mark_published(connection, published)
        return len(published) == len(reports)


def _message(stored: StoredReport) -> OutgoingMessage | None:
    """Address a report to the router; None where another version wrote it, and none can read it."""
    try:
        receipt = AttemptReceipt.model_validate_json(stored.report)
    except ValidationError:
        _log.error("report.unreadable", attempt_id=stored.attempt_id)
        return None
    return report_message(receipt, stored.report.encode())


def _unknown(receipt: AttemptReport) -> StoredReport:
    return StoredReport(
        attempt_id=receipt.attempt_id or "",
        state=sends.UNKNOWN,
        report=receipt_body(receipt).decode(),
    )
