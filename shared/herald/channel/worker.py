"""Work in batches: planned, claimed, and called in tasks of our own.

The claim is the last act before the first byte. A delivery that finds a row never calls: somebody
did, or was told not to.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from herald.bus.batches import where
from herald.bus.deliveries import Delivery, settle
from herald.channel import metrics, sends
from herald.channel.accounts import LEASE_SLACK, Later, OnTrial, SendingAccount
from herald.channel.breaker import TRIAL_SECONDS
from herald.channel.calling import Caller, Job
from herald.channel.claiming import Claims
from herald.channel.planning import Moment, Reserved, plan, read_work
from herald.channel.recorder import Finished
from herald.channel.recorders import Recorders
from herald.channel.reports import receipt_body, report, returned
from herald.channel.sends import Claim, Known
from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.database.pool import Database
from herald.providers.sending import CallResult, NotSent, Refused, SendResult, Uncertain

DOUBT_SECONDS = 1.0  # between looks at claims whose answer was lost

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Postponed:
    """Work whose accounts are all on trial."""

    delivery: Delivery
    work: Work


class Worker:
    """Handles batches of a channel's work; prefetch bounds what is under way.

    `changed` is called when a call opens or closes the breaker of an account.
    """

    def __init__(
        self,
        channel: str,
        accounts: Sequence[SendingAccount],
        database: Database,
        recorders: Recorders,
        *,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._accounts = accounts
        self._database = database
        self._recorders = recorders
        self._clock = clock
        self._claims = Claims(channel, clock)
        self._caller = Caller(channel, changed, clock)
        self._calls: set[asyncio.Task[None]] = set()
        self._doubtful: dict[str, Job] = {}  # whose claims may stand, by attempt

    async def run(self) -> None:
        """Give claims in doubt back whose deliveries others have by now, until cancelled."""
        while True:
            await asyncio.sleep(DOUBT_SECONDS)
            self.give_up_doubts()

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Take a batch in; each delivery is settled once its attempt is over.

        Nothing leaves before the claims stand: when they fail, the same batch comes again.
        """
        now = self._moment()
        prepared = [self._prepare(delivery, now) for delivery in deliveries]
        jobs = [item for item in prepared if isinstance(item, Job)]
        ready = [job for job in jobs if job.at <= now.monotonic]
        for job in jobs:
            self._doubtful.pop(job.work.attempt_id, None)
        try:
            await self._start(ready)
        except BaseException:
            self._doubtful |= {job.work.attempt_id: job for job in ready if job.claimant is None}
            for job in jobs:
                if job.claimant is None:
                    job.cancel(now.monotonic)
            raise
        for item in prepared:
            if item is not None and not (isinstance(item, Job) and item.at <= now.monotonic):
                self._go_on(item)

    def give_up_doubts(self) -> None:
        """Give back what this worker may have claimed and will not get again.

        Its delivery went to another worker, which finds the claim and leaves the attempt alone.
        """
        gone = [name for name, job in self._doubtful.items() if not job.delivery.is_live]
        for name in gone:
            job, claimant = self._doubtful.pop(name), self._claims.give_up(name)
            if claimant is not None:
                self._return_unclaimed(job, claimant)

    async def drain(self) -> None:
        """Wait for every call under way; each is bounded by its account's time limit."""
        while self._calls:
            await asyncio.wait(self._calls)

    def _moment(self) -> Moment:
        return Moment(self._clock(), self._database.now())

    def _prepare(self, delivery: Delivery, now: Moment) -> Job | Postponed | Finished | None:
        """Say what to do with a delivery; None when it was rejected, so that it holds no other."""
        try:
            work = read_work(delivery.body)
            if work is not None:
                return self._planned(delivery, work, now)
        except Exception as error:  # noqa: BLE001  a bug: the batch around it must go on
            _log.error("batch.poison", error=type(error).__name__, where=where(error))
        delivery.reject()
        return None

    def _planned(self, delivery: Delivery, work: Work, now: Moment) -> Job | Postponed | Finished:
        decided = plan(work, self._accounts, now)
        if isinstance(decided, OnTrial):
            return Postponed(delivery, work)
        if isinstance(decided, Later):
            return self._returned(delivery, work, decided.reason, _duration(decided.wait))
        return Job(delivery=delivery, work=work, plan=decided)

    def _returned(
        self, delivery: Delivery, work: Work, reason: str, wait: timedelta | None
    ) -> Finished:
        receipt = returned(work, reason, self._database.now(), wait=wait)
        return Finished(delivery, receipt, receipt_body(receipt), recorded=True)

    def _give_back(self, item: Finished) -> None:
        reason = item.receipt.returned.reason if item.receipt.returned else ""
        metrics.RETURNED.labels(self._channel, reason).inc()
        self._recorders.add(item)

    def _go_on(self, item: Job | Postponed | Finished) -> None:
        if isinstance(item, Finished):
            self._give_back(item)
        elif isinstance(item, Postponed):
            self._spawn(self._plan_again(item))
        else:
            self._spawn(self._wait_and_start(item))

    async def _plan_again(self, item: Postponed) -> None:
        """Choose an account whenever a call has ended, and with it perhaps a trial."""
        again = self._planned(item.delivery, item.work, self._moment())
        while isinstance(again, Postponed):
            await self._caller.wait_for_an_end(TRIAL_SECONDS)
            again = self._planned(item.delivery, item.work, self._moment())
        self._go_on(again)

    async def _wait_and_start(self, job: Job) -> None:
        """Make a call when its token is there, or plan anew if its account is closed by then."""
        await asyncio.sleep(max(0.0, job.at - self._clock()))
        now = self._moment()
        if isinstance(job.plan, Reserved) and not job.plan.still_stands(now.monotonic):
            job.cancel(now.monotonic)
            self._go_on(self._planned(job.delivery, job.work, now))
            return
        try:
            await self._start([job])
        except Exception as error:  # noqa: BLE001  the database is away
            if job.claimant is not None:
                return  # the call is under way
            # the router hands it out again, when the database may be back
            _log.warning("worker.claim_failed", error=type(error).__name__)
            job.cancel(now.monotonic)
            self._return_unclaimed(job, self._claims.give_up(job.work.attempt_id))

    def _return_unclaimed(self, job: Job, claimant: UUID | None) -> None:
        """Give work back whose claim failed; one that may stand is removed first, by its token."""
        item = self._returned(job.delivery, job.work, "claim_failed", LEASE_SLACK)
        self._give_back(replace(item, recorded=claimant is None, release=claimant))

    async def _start(self, jobs: Sequence[Job]) -> None:
        """Claim attempts and make the calls of those that are ours."""
        if not jobs:
            return
        by_attempt = {job.work.attempt_id: job for job in jobs}
        claimant = uuid4()
        claims = [
            Claim(
                attempt_id=attempt_id,
                provider=job.provider,
                account=job.account,
                lease=job.plan.lease,
                claimant=claimant,
            )
            for attempt_id, job in by_attempt.items()
        ]
        async with self._database.connection() as connection:
            asked_at = self._clock()
            ours = await self._claims.make(connection, claims)
            for attempt_id, claim in ours.items():
                self._begin(by_attempt[attempt_id], claim, asked_at)
            others = [attempt_id for attempt_id in by_attempt if attempt_id not in ours]
            known = await sends.look_up(connection, others) if others else {}
        idle = [job for job in jobs if job.claimant is None]
        for job in idle:
            job.cancel(asked_at)
        taken = [job.delivery for job in idle if job is not by_attempt[job.work.attempt_id]]
        for attempt_id, row in known.items():
            if not self._tell_again(by_attempt[attempt_id], row):
                taken.append(by_attempt[attempt_id].delivery)
        await settle(taken)

    def _begin(self, job: Job, claim: Claim, asked_at: float) -> None:
        job.claimant = claim.claimant
        job.lease_ends = asked_at + claim.lease.total_seconds()
        self._spawn(self._make(job))

    def _tell_again(self, job: Job, row: Known) -> bool:
        """Publish a recorded report again; False when its delivery can simply be acknowledged."""
        metrics.REDELIVERED.labels(self._channel, row.state).inc()
        if row.state != sends.RECORDED or row.report is None:
            return False  # withdrawn, under way elsewhere, or the sweeper's
        receipt = AttemptReceipt.model_validate_json(row.report)
        self._recorders.add(Finished(job.delivery, receipt, row.report.encode(), recorded=True))
        return True

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        """Run in a task of ours: the client library cancels its own whenever a channel drops."""
        task = asyncio.create_task(coroutine)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _make(self, job: Job) -> None:
        """Make the call, and hand its outcome to the recorder."""
        result = await self._caller.call(job)
        if isinstance(result, NotSent) and job.delivery.is_live:
            item = self._returned(job.delivery, job.work, result.code, result.wait)
            self._give_back(replace(item, recorded=False, release=job.claimant))
        else:
            self._recorders.add(self._finished(job, result))

    def _finished(self, job: Job, result: SendResult) -> Finished:
        """Write the report of a call. An adapter's unwritable answer must not lose the outcome."""
        if isinstance(result, NotSent):
            # delivered again meanwhile, and perhaps acknowledged for its row: only the row tells
            result = Refused(
                Failure.of(FailureClass.TRANSIENT, result.code, retry_after=result.wait)
            )
        try:
            receipt = self._report(job, result)
            return Finished(job.delivery, receipt, receipt_body(receipt))
        except Exception as error:  # noqa: BLE001  an adapter's bug
            _log.error("adapter.unwritable", error=type(error).__name__, where=where(error))
            receipt = self._report(job, Uncertain("adapter_error"))
            return Finished(job.delivery, receipt, receipt_body(receipt))

    def _report(self, job: Job, result: CallResult) -> AttemptReceipt:
        return report(
            job.work,
            result,
            self._database.now(),
            provider=job.provider,
            account=job.account,
            receipts=job.receipts,
        )


def _duration(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
