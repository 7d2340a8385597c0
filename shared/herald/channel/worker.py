"""Work in batches: an account is chosen, the attempt claimed, the call made in a task of our own.

The claim is the last act before the first byte. A delivery that finds a row never calls: somebody
did, or was told not to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import ValidationError

from herald.bus.batches import where
from herald.bus.deliveries import Delivery, settle
from herald.channel import metrics, sends
from herald.channel.accounts import LEASE_SLACK, Slot, choose
from herald.channel.provider import Accepted, Refused, SendResult, Uncertain
from herald.channel.recorder import Finished, Recorder
from herald.channel.reports import NO_ACCOUNT, receipt_body, report, returned
from herald.channel.sends import Claim, Known
from herald.database.pool import Database
from herald.identifiers import AttemptId
from herald.receipts import AttemptReceipt
from herald.vocabulary import FailureClass
from herald.work import Work

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One attempt about to be made; `slot` is None when no account may make it."""

    delivery: Delivery
    work: Work
    slot: Slot | None
    at: datetime  # when its token is there
    lease_until: datetime

    @property
    def provider(self) -> str:
        return self.slot.account.provider if self.slot else ""

    @property
    def account(self) -> str:
        return self.slot.name if self.slot else ""


class Worker:
    """Handles batches of a channel's work; prefetch bounds what is under way."""

    def __init__(
        self, channel: str, slots: Sequence[Slot], database: Database, recorder: Recorder
    ) -> None:
        self._channel = channel
        self._slots = slots
        self._database = database
        self._recorder = recorder
        self._calls: set[asyncio.Task[None]] = set()

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Take a batch in; each delivery is settled once its attempt is over.

        Nothing leaves before the claims stand: when they fail, the same batch comes again.
        """
        now = datetime.now(UTC)
        prepared = [self._prepare(delivery, now) for delivery in deliveries]
        jobs = [item for item in prepared if isinstance(item, Job)]
        try:
            await self._start([job for job in jobs if job.at <= now])
        except BaseException:
            for job in jobs:
                if job.slot is not None:
                    job.slot.bucket.give_back()
            raise
        for job in jobs:
            if job.at > now:
                self._spawn(self._wait_and_start(job))
        for item in prepared:
            if isinstance(item, Finished):
                self._give_back(item)

    async def drain(self) -> None:
        """Wait for every call under way; each is bounded by its account's time limit."""
        while self._calls:
            await asyncio.wait(self._calls)

    def _prepare(self, delivery: Delivery, now: datetime) -> Job | Finished | None:
        """Say what to do with a delivery; None when it was rejected, so that it holds no other."""
        try:
            return self._planned(delivery, now)
        except Exception as error:  # noqa: BLE001  a bug: the batch around it must go on
            _log.error("batch.poison", error=type(error).__name__, where=where(error))
            delivery.reject()
            return None

    def _planned(self, delivery: Delivery, now: datetime) -> Job | Finished | None:
        """Read work, choose its account and take a token; None when it can't be read."""
        try:
            work = Work.model_validate_json(delivery.body)
        except ValidationError:
            work = None
        if work is None or AttemptId.parse(work.attempt_id) is None:
            delivery.reject()
            return None
        if work.not_after <= now:
            return _returned(delivery, work, "too_late", now)
        slot = choose(self._slots, work, now)
        if slot is None:
            lease = now + LEASE_SLACK
            return Job(delivery=delivery, work=work, slot=None, at=now, lease_until=lease)
        if slot.bucket.peek(now) >= work.not_after:
            return _returned(delivery, work, "too_late", now)
        at, reserved = slot.bucket.reserve(now)
        if not reserved:
            return _returned(delivery, work, "rate_limit", now, not_before=at)
        return Job(delivery=delivery, work=work, slot=slot, at=at, lease_until=at + slot.lease)

    def _give_back(self, item: Finished) -> None:
        reason = item.receipt.returned.reason if item.receipt.returned else ""
        metrics.RETURNED.labels(self._channel, reason).inc()
        self._recorder.add(item)

    async def _wait_and_start(self, job: Job) -> None:
        await asyncio.sleep(max(0.0, (job.at - datetime.now(UTC)).total_seconds()))
        try:
            await self._start([job])
        except Exception as error:  # noqa: BLE001  the database is away
            # nothing was claimed: the router hands it out again, when the database may be back
            _log.warning("worker.claim_failed", error=type(error).__name__)
            now = datetime.now(UTC)
            again = now + LEASE_SLACK
            item = _returned(job.delivery, job.work, "claim_failed", now, not_before=again)
            self._give_back(item)

    async def _start(self, jobs: Sequence[Job]) -> None:
        """Claim attempts and make the calls of those that are ours."""
        if not jobs:
            return
        by_attempt = {job.work.attempt_id: job for job in jobs}
        claims = [
            Claim(
                attempt_id=attempt_id,
                provider=job.provider,
                account=job.account,
                lease_until=job.lease_until,
            )
            for attempt_id, job in by_attempt.items()
        ]
        async with self._database.connection() as connection:
            ours = await sends.claim(connection, self._channel, claims)
            for attempt_id in ours:
                self._spawn(self._make(by_attempt[attempt_id]))
            others = [attempt_id for attempt_id in by_attempt if attempt_id not in ours]
            known = await sends.look_up(connection, others) if others else {}
        taken = [job.delivery for job in jobs if job is not by_attempt[job.work.attempt_id]]
        for attempt_id, row in known.items():
            if not self._tell_again(by_attempt[attempt_id], row):
                taken.append(by_attempt[attempt_id].delivery)
        await settle(taken)

    def _tell_again(self, job: Job, row: Known) -> bool:
        """Publish a recorded report again; False when its delivery can simply be acknowledged."""
        metrics.REDELIVERED.labels(self._channel, row.state).inc()
        if row.state != sends.RECORDED or row.report is None:
            return False  # withdrawn, under way elsewhere, or the sweeper's
        receipt = AttemptReceipt.model_validate_json(row.report)
        self._recorder.add(Finished(job.delivery, receipt, row.report.encode(), recorded=True))
        return True

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        """Run in a task of ours: the client library cancels its own whenever a channel drops."""
        task = asyncio.create_task(coroutine)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _make(self, job: Job) -> None:
        """Make the call, and hand its outcome to the recorder."""
        result = await self._call(job)
        if result is None:
            await job.delivery.ack()
            return
        self._recorder.add(self._finished(job, result))

    def _finished(self, job: Job, result: SendResult) -> Finished:
        """Write the report of a call. An adapter's unwritable answer must not lose the outcome."""
        try:
            receipt = _report(job, result)
            return Finished(job.delivery, receipt, receipt_body(receipt))
        except Exception as error:  # noqa: BLE001  an adapter's bug
            _log.error("adapter.unwritable", error=type(error).__name__, where=where(error))
            receipt = _report(job, Uncertain("adapter_error"))
            return Finished(job.delivery, receipt, receipt_body(receipt))

    async def _call(self, job: Job) -> SendResult | None:
        """Return how the call ended; None when the lease was over before it could begin."""
        if job.slot is None:
            return Refused(NO_ACCOUNT)
        started = datetime.now(UTC)
        if started + job.slot.account.timeout > job.lease_until:
            return None  # the sweeper reports it; a call now could outlive the claim
        with metrics.IN_FLIGHT.labels(self._channel).track_inprogress():
            try:
                async with asyncio.timeout((job.lease_until - started).total_seconds()):
                    result = await job.slot.provider.send(job.work)
            except Exception as error:  # noqa: BLE001  an adapter's bug: nobody knows how far it got
                _log.error("adapter.failed", error=type(error).__name__, where=where(error))
                result = Uncertain("adapter_error")
        self._observe(job.slot, result, started)
        return result

    def _observe(self, slot: Slot, result: SendResult, started: datetime) -> None:
        now = datetime.now(UTC)
        provider = slot.account.provider
        metrics.SEND_SECONDS.labels(self._channel, provider).observe(
            (now - started).total_seconds()
        )
        kind, failure = "accepted", None
        if isinstance(result, Refused):
            kind, failure = "failed", result.failure
        elif not isinstance(result, Accepted):
            kind = "unknown"
        failure_class = failure.failure_class if failure else None
        metrics.SENDS.labels(self._channel, provider, kind, failure_class or "").inc()
        pause = _account_pause(result)
        if pause is not None:
            slot.bucket.block(now + pause)


def _account_pause(result: SendResult) -> timedelta | None:
    """Return how long the account should make no call, where the provider limits its rate."""
    if not isinstance(result, Refused) or result.of_recipient:
        return None
    limited = result.failure.failure_class is FailureClass.RATE_LIMITED
    return result.failure.retry_after if limited else None


def _report(job: Job, result: SendResult) -> AttemptReceipt:
    return report(
        job.work,
        result,
        datetime.now(UTC),
        provider=job.provider,
        account=job.account,
        receipts=job.slot.provider.receipts if job.slot else None,
    )


def _returned(
    delivery: Delivery,
    work: Work,
    reason: str,
    now: datetime,
    *,
    not_before: datetime | None = None,
) -> Finished:
    receipt = returned(work, reason, now, not_before=not_before)
    return Finished(delivery, receipt, receipt_body(receipt), recorded=True)
