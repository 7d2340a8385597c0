"""Work in batches: planned, reserved and claimed together, and called in tasks of our own.

The claim is the last act before the first byte. A delivery that finds a row never calls: somebody
did, or the router withdrew the attempt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence

import structlog

from herald.bus.batches import where
from herald.bus.deliveries import Delivery, settle
from herald.channel import metrics
from herald.channel.accounts import LEASE_SLACK, SendingAccount
from herald.channel.attempts import Attempt, Reserved
from herald.channel.breaker import TRIAL_SECONDS
from herald.channel.calling import Caller
from herald.channel.claiming import Claims
from herald.channel.explaining import Explainer
from herald.channel.finished import ended, given_back, recorded_before
from herald.channel.limits.keeper import LimitKeeper
from herald.channel.limits.places import Place
from herald.channel.not_taken import not_taken
from herald.channel.planning import Later, Moment, OnTrial, Planner, Queued, Wish, read_work
from herald.channel.recorders import Recorders
from herald.channel.reserving import Reserving
from herald.channel.traces import begin_work, end_idle, note_claimed
from herald.channel.waiting import WaitingRoom
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work
from herald.database.pool import Database, is_outage
from herald.service.periodic import Periodic
from herald.tracing.spans import trace_of, tracer

ABANDONED_SECONDS = 1.0  # between looks for claims whose deliveries went elsewhere
CLAIM_FAILED = Later("claim_failed", LEASE_SLACK)

_log = structlog.get_logger(__name__)


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
        limits: LimitKeeper,
        *,
        changed: Callable[[], None] = lambda: None,
        explainer: Explainer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._accounts = accounts
        self._database = database
        self._recorders = recorders
        self._explainer = explainer
        self._clock = clock
        self._claims = Claims(channel, database, clock)
        self._caller = Caller(channel, changed, limits.feedback, clock)
        self._limiter = limits.limiter
        self._reserving = Reserving(channel, limits.limiter, self._planner)
        self._waiting = {
            lane: WaitingRoom(self._take_turn, metrics.limit_waiting(channel, lane).set, clock)
            for lane in Lane
        }
        self._calls: dict[Attempt, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # all others

    async def run(self) -> None:
        """Give back what is abandoned, until cancelled."""
        await Periodic("claims", self.return_abandoned, ABANDONED_SECONDS).run()

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Take a batch in; each delivery is settled once its attempt is over.

        Nothing leaves before the claims stand: when they fail, the same batch is handled again.
        """
        now = self._moment()
        attempts = self._plan(deliveries, now)
        for attempt in attempts:
            if isinstance(attempt.plan, Wish) and attempt.plan.is_busy:
                attempt.plan = Queued(now.monotonic)  # asked for together with others that wait
        await self._reserving.reserve(attempts, now)
        await self._take_on(attempts)

    async def _take_on(self, attempts: Sequence[Attempt]) -> None:
        """Start what may be called now, and deal with the rest."""
        now = self._clock()
        decided = [attempt for attempt in attempts if attempt.needs_claim]
        due = [attempt for attempt in decided if attempt.at <= now]
        self._claims.hold(decided)
        try:
            await self._start(due)
        except BaseException:
            left = [attempt for attempt in decided if attempt.claimant is None]
            self._claims.let_go(left)
            for attempt in left:
                attempt.cancel()
            raise
        if len(due) == len(attempts):
            return  # mostly so
        for attempt in attempts:
            if not attempt.needs_claim or attempt.at > now:
                self._go_on(attempt)

    async def return_abandoned(self) -> None:
        """Give back what may be claimed here and is not delivered here any more."""
        for attempt in self._claims.abandoned():
            self._give_back(attempt, CLAIM_FAILED)

    async def drain(self) -> None:
        """Wait for every call under way; each is bounded by its account's time limit."""
        while left := [it for it in (*self._tasks, *self._calls.values()) if not it.done()]:
            await asyncio.wait(left)

    def _moment(self) -> Moment:
        return Moment(self._clock(), self._database.now())

    def _plan(self, deliveries: Sequence[Delivery], now: Moment) -> list[Attempt]:
        """Read and plan a batch. What can't be is rejected alone, so that it holds no other."""
        planner, attempts, active = self._planner(now), [], tracer()
        for delivery in deliveries:
            try:
                work = read_work(delivery.body)
                if work is not None and work.kind == "plan" and self._explainer is not None:
                    self._spawn(self._explainer.answer([(delivery, work)]))
                    continue
                if work is not None and work.kind == "send":
                    place = _place(work, now)
                    plan = planner.plan(work, place)
                    span = begin_work(active, work, delivery) if active is not None else None
                    attempts.append(
                        Attempt(delivery=delivery, work=work, plan=plan, place=place, span=span)
                    )
                    continue
            except Exception as error:  # noqa: BLE001  a bug: the batch around it must go on
                trace = trace_of(TraceContext.read(delivery.headers))
                _log.error("batch.poison", error=type(error).__name__, where=where(error), **trace)
            delivery.reject()
        return attempts

    def _planner(self, now: Moment) -> Planner:
        return Planner(self._accounts, self._limiter, now)

    async def _plan_anew(self, attempts: Sequence[Attempt], now: Moment) -> None:
        planner = self._planner(now)
        for attempt in attempts:
            attempt.plan = planner.plan(attempt.work, attempt.place)
        await self._reserving.reserve(attempts, now)

    async def _take_turn(self, attempts: Sequence[Attempt]) -> None:
        """Plan work again whose turn it is, and go on with it."""
        now = self._moment()
        try:
            await self._plan_anew(attempts, now)
            await self._take_on(attempts)
        except Exception as error:  # noqa: BLE001  the database is away
            self._give_all_back(attempts, error)

    def _go_on(self, attempt: Attempt) -> None:
        """Deal with an attempt that is not made at once."""
        if isinstance(attempt.plan, Later):
            self._give_back(attempt, attempt.plan)
        elif isinstance(attempt.plan, OnTrial):
            self._spawn(self._wait_for_a_trial(attempt))
        elif isinstance(attempt.plan, Queued):
            room = self._waiting[attempt.work.lane]
            if room.add(attempt, attempt.plan.at):
                self._spawn(room.run())
        else:
            self._spawn(self._wait_and_start(attempt))

    async def _wait_for_a_trial(self, attempt: Attempt) -> None:
        """Choose an account whenever a call has ended, and with it perhaps a trial."""
        try:
            await self._plan_anew([attempt], self._moment())
            while isinstance(attempt.plan, OnTrial):
                await self._caller.wait_for_an_end(TRIAL_SECONDS)
                await self._plan_anew([attempt], self._moment())
        except Exception as error:  # noqa: BLE001  the database is away
            self._give_all_back([attempt], error)
        else:
            self._go_on(attempt)

    async def _wait_and_start(self, attempt: Attempt) -> None:
        """Make a call at its slot's time, or plan anew if its account is closed by then."""
        await asyncio.sleep(max(0.0, attempt.at - self._clock()))
        if isinstance(attempt.plan, Reserved) and not attempt.plan.still_stands():
            attempt.cancel()
            attempt.plan = Queued(self._clock())
            self._go_on(attempt)
            return
        try:
            await self._start([attempt])
        except Exception as error:  # noqa: BLE001  the database is away
            attempt.cancel()
            self._give_all_back([attempt], error)

    def _give_all_back(self, attempts: Sequence[Attempt], error: Exception) -> None:
        """Give back what could not be claimed; the router hands it out again."""
        for attempt in attempts:
            if attempt.claimant is not None:
                continue  # the call is under way
            if is_outage(error):
                _log.warning("worker.claim_failed", error=type(error).__name__, **attempt.names)
            else:
                names = {"error": type(error).__name__, "where": where(error), **attempt.names}
                _log.error("worker.failed", **names)
            self._give_back(attempt, CLAIM_FAILED)

    async def _start(self, attempts: Sequence[Attempt]) -> None:
        """Claim attempts and make the calls of those that are ours."""
        if not attempts:
            return
        by_id = {attempt.id: attempt for attempt in attempts}
        loop = asyncio.get_running_loop()
        ours = await self._claims.make(by_id)
        for attempt in ours:
            note_claimed(attempt)
            self._calls[attempt] = loop.create_task(self._call(attempt))
        if len(ours) == len(attempts):
            return  # mostly so
        others = [name for name, attempt in by_id.items() if attempt.claimant is None]
        known = await self._claims.look_up(others)
        idle = [attempt for attempt in attempts if attempt.claimant is None]
        for attempt in idle:
            attempt.cancel()
            if attempt is not by_id[attempt.id]:
                end_idle(attempt, "redelivered")
        # another delivery of the same batch stands for the same attempt, or its row says all
        taken = [attempt.delivery for attempt in idle if attempt is not by_id[attempt.id]]
        for name in others:
            attempt = by_id[name]
            row = known.get(name)
            if row is None:  # whose it was has given it back meanwhile
                attempt.plan = Queued(self._clock())
                self._go_on(attempt)
                continue
            metrics.REDELIVERED.labels(self._channel, row.state).inc()
            again = recorded_before(attempt, row)
            if again is not None:
                self._recorders.add(again)
            else:
                taken.append(attempt.delivery)
                end_idle(attempt, row.state)
        await settle(taken)

    async def _call(self, attempt: Attempt) -> None:
        """Make a call, and hand its report to the recorder."""
        try:
            result = await self._caller.call(attempt)
            later = not_taken(result, attempt.work)
            if later is not None and attempt.delivery.is_live:
                self._give_back(attempt, later)
            else:
                self._recorders.add(ended(attempt, result, self._database.now()))
        finally:
            del self._calls[attempt]  # here, for a callback of the task costs more

    def _give_back(self, attempt: Attempt, later: Later) -> None:
        """Give work back that was not sent; its claim is removed first, also one in doubt."""
        release = attempt.claimant or self._claims.give_up(attempt.id)
        metrics.RETURNED.labels(self._channel, later.reason).inc()
        self._recorders.add(given_back(attempt, later, self._database.now(), release=release))

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        """Run in a task of ours: the client library cancels its own whenever a channel drops."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _place(work: Work, now: Moment) -> Place | None:
    return None if work.grant is None else Place.of(work.grant, now.monotonic, now.time)
