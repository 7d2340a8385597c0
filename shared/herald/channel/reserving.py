"""What the calls of a batch take from the limits of their accounts, in one step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from herald.channel import metrics
from herald.channel.attempts import Attempt, Reserved
from herald.channel.limits.leases import Token
from herald.channel.limits.limiter import Limiter
from herald.channel.limits.places import GRACE_SECONDS, Place
from herald.channel.limits.wants import Refusal, Want
from herald.channel.planning import TOO_LATE, Later, Moment, Planner, Queued, Wish
from herald.contracts.grants import Grant
from herald.contracts.vocabulary import Lane

# Routers look for what is due a few times a second, and work is some time under way.
EARLY_SECONDS = 0.25
# What is blocked for longer gets no place: the block may end earlier, or another account be free.
LONGEST_BLOCK_SECONDS = 120.0
MOST_LOOKS = 10  # at accounts that are free no more once asked
AGAIN = timedelta(seconds=1)


class Reserving:
    """Takes slots for batches; what one account can't serve is planned for another one."""

    def __init__(
        self, channel: str, limiter: Limiter, planner: Callable[[Moment], Planner]
    ) -> None:
        self._channel = channel
        self._limiter = limiter
        self._planner = planner

    async def reserve(self, attempts: Sequence[Attempt], now: Moment) -> None:
        """Answer each wish of a batch: now, at a turn soon, or later.

        Nothing is taken when it raises.
        """
        try:
            for lane in {attempt.work.lane for attempt in attempts}:
                asking = [attempt for attempt in attempts if attempt.work.lane is lane]
                await self._reserve(lane, asking, now)
        except BaseException:
            for attempt in attempts:
                attempt.cancel()
            raise

    async def _reserve(self, lane: Lane, attempts: Sequence[Attempt], now: Moment) -> None:
        for left in range(MOST_LOOKS - 1, -1, -1):
            wishes = [attempt for attempt in attempts if isinstance(attempt.plan, Wish)]
            if not wishes:
                return
            if any(attempt.place is not None for attempt in wishes):
                wishes.sort(key=_turn)
            if not left:
                for attempt in wishes:
                    attempt.plan = Later("rate_limit", AGAIN)  # limits change faster than we look
                return
            planner = self._planner(now)
            for attempt in await self._ask(lane, wishes, now):
                attempt.plan = planner.plan(attempt.work, attempt.place)

    async def _ask(self, lane: Lane, attempts: Sequence[Attempt], now: Moment) -> list[Attempt]:
        """Ask the limits once; return those that are to be planned again."""
        wants = [_want(attempt, now.monotonic) for attempt in attempts]
        answers = await self._limiter.reserve(lane, wants)
        again, granted = [], Counter[str]()
        for attempt, want, answer in zip(attempts, wants, answers, strict=True):
            wish = attempt.plan
            assert isinstance(wish, Wish), "it was asked for"
            if isinstance(answer, Token):
                attempt.plan = _reserved(wish, want, answer, now)
                granted[wish.account.name] += 1
            elif self._is_to_be_asked_again(attempt, wish, want, answer, now.monotonic):
                again.append(attempt)
            else:
                self._keep_waiting(attempt, wish, answer, now)
        for account, number in granted.items():
            metrics.limit_granted(self._channel, account).inc(number)
        return again

    def _is_to_be_asked_again(
        self, attempt: Attempt, wish: Wish, want: Want, refusal: Refusal, now: float
    ) -> bool:
        """Whether another account may be free, or its turn went by: then it queues anew."""
        if not want.due:
            return not (wish.may_queue or attempt.place)
        if attempt.place is None or refusal.at <= max(attempt.place.until, now):
            return False
        attempt.place = None
        return True

    def _keep_waiting(self, attempt: Attempt, wish: Wish, refusal: Refusal, now: Moment) -> None:
        """Let a work wait, here or with the router."""
        at, left = refusal.at, (attempt.work.not_after - now.time).total_seconds()
        place = attempt.place
        if place is not None and place.at > now.monotonic:
            at = place.at  # it came before its turn
        elif refusal.has_place:
            place = Place(refusal.key, at, at + GRACE_SECONDS)
            metrics.limit_queued(self._channel, wish.account.name).inc()
        wait = max(at - now.monotonic, refusal.asked_for)
        if at - now.monotonic >= left:
            attempt.plan = TOO_LATE
        elif refusal.asked_for > LONGEST_BLOCK_SECONDS:
            attempt.plan = Later("rate_limit", timedelta(seconds=refusal.asked_for))
        elif wait <= wish.patience:
            attempt.place, attempt.plan = place, Queued(at)
        else:
            attempt.plan = _later(place, wait, now)


def _turn(attempt: Attempt) -> float:
    return attempt.place.at if attempt.place is not None else float("inf")


def _reserved(wish: Wish, want: Want, token: Token, now: Moment) -> Reserved:
    account = wish.account
    account.breaker.begin_trial(now.monotonic)
    probe = account.breaker.take_probe() if wish.probe else None
    return Reserved(account, token, probe, wish.egress, want.budgets)


def _want(attempt: Attempt, now: float) -> Want:
    wish, place = attempt.plan, attempt.place
    assert isinstance(wish, Wish), "it was planned"
    budgets = wish.account.budgets(attempt.work, wish.egress)
    due = place is not None and place.at <= now and place.is_at(budgets)
    return Want.of(budgets, due=due, may_queue=wish.may_queue and (place is None or due))


def _later(place: Place | None, wait: float, now: Moment) -> Later:
    if place is None:
        return Later("rate_limit", timedelta(seconds=wait))
    grant = Grant(key=place.key, at=now.time + timedelta(seconds=place.at - now.monotonic))
    return Later("rate_limit", timedelta(seconds=wait - EARLY_SECONDS), grant=grant)
