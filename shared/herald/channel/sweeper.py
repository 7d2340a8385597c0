"""The sweeper: claims nobody reported become unknown, reports nobody heard are told again."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

import structlog

from herald.bus.batches import where
from herald.bus.publishing import Publisher
from herald.channel import metrics, sends
from herald.channel.reports import lease_ended, receipt_body, receipt_frame
from herald.channel.sends import Outcome
from herald.database.pool import Database, is_outage
from herald.receipts import AttemptReceipt

INTERVAL_SECONDS = 2.0
LEASE_MARGIN = timedelta(seconds=2)  # clocks of workers differ
UNHEARD_AGE = timedelta(seconds=5)  # a report in the making is published well before
BATCH = 200
PUBLISH_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Sweeper:
    """Sweeps one channel's rows; any number of replicas may do so at once."""

    def __init__(self, channel: str, database: Database, publisher: Publisher) -> None:
        self._channel = channel
        self._database = database
        self._publisher = publisher

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311  jitter
            try:
                while await self.sweep(datetime.now(UTC)):
                    pass  # a whole batch: more wait
            except Exception as error:  # noqa: BLE001  the sweeper must not stop
                if not is_outage(error):
                    _log.error("sweeper.failed", error=type(error).__name__, where=where(error))

    async def sweep(self, now: datetime) -> bool:
        """Report ended leases, then publish what was recorded and not heard.

        Returns whether more may wait: a batch was full and its reports could be published.
        """
        heard = True
        async with self._database.transaction() as connection:
            ended = await sends.lock_ended_leases(
                connection, self._channel, now - LEASE_MARGIN, BATCH
            )
            if ended:
                receipts = [lease_ended(*row[:1], self._channel, *row[1:], now) for row in ended]
                await sends.record(connection, [_unknown(receipt) for receipt in receipts])
        if ended:
            metrics.LEASES_ENDED.labels(self._channel).inc(len(ended))
            heard = await self._publish([_unknown(receipt) for receipt in receipts])
        async with self._database.connection() as connection:
            unheard = await sends.take_unpublished(
                connection, self._channel, now, UNHEARD_AGE, BATCH
            )
        if unheard:
            metrics.REPUBLISHED.labels(self._channel).inc(len(unheard))
            heard = await self._publish(unheard) and heard
        return heard and BATCH in {len(ended), len(unheard)}

    async def _publish(self, outcomes: list[Outcome]) -> bool:
        """Publish reports and note those confirmed; return whether all of them were."""
        frames = [
            receipt_frame(AttemptReceipt.model_validate_json(item.report), item.report.encode())
            for item in outcomes
        ]
        problems = await self._publisher.publish_many(frames, PUBLISH_SECONDS)
        heard = [
            (item.attempt_id, item.state)
            for item, problem in zip(outcomes, problems, strict=True)
            if problem is None
        ]
        if heard:
            async with self._database.connection() as connection:
                await sends.mark_published(connection, heard)
        return len(heard) == len(outcomes)


def _unknown(receipt: AttemptReceipt) -> Outcome:
    return Outcome(
        attempt_id=receipt.attempt_id or "",
        state=sends.UNKNOWN,
        report=receipt_body(receipt).decode(),
    )
