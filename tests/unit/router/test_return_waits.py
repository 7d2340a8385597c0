"""How long work that came back waits before it is handed out again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from herald.config.file import RetryRules
from herald.contracts.grants import Grant
from herald.contracts.receipts import Return
from herald.contracts.vocabulary import FailureClass, Outcome, Status
from router.core.decide import decide
from router.core.facts import ReceiptArrived
from router.core.fallback import return_pause
from router.core.message import Message
from router.core.returns import LONGEST_GRANTED_WAIT, LONGEST_WAIT
from router.core.states import LIVE
from unit.router.making import (
    NOW,
    accepted,
    answered,
    at,
    begun,
    dispatched,
    events,
    receipt,
    returned,
    seconds,
    step,
)

RULES = RetryRules()


def _again_in(message: Message, fact: ReceiptArrived) -> timedelta:
    retry_at = decide(message, fact, NOW).message.state.retry_at
    assert retry_at is not None
    return retry_at - NOW


WAITS = [(5, seconds(5)), (119, seconds(119)), (121, LONGEST_WAIT), (3600, LONGEST_WAIT)]


@pytest.mark.parametrize(("wait", "again_in"), WAITS)
def test_a_wait_is_honoured_up_to_two_minutes(wait: float, again_in: timedelta) -> None:
    """Work waits as its worker asked, but is handed out again after two minutes at the latest."""
    message = begun(step("sms"))
    assert _again_in(message, returned(message, wait)) == again_in


def test_a_place_in_a_queue_is_handed_out_with_its_work() -> None:
    """Work comes again at its turn, with what says so, until another return replaces it."""
    grant = Grant(key="account:main", at=NOW + seconds(300))
    message = begun(step("sms"))
    message = decide(message, returned(message, 300, grant=grant), NOW).message
    assert message.state.retry_at == NOW + seconds(300)
    again = decide(message, at(NOW + seconds(300)), NOW + seconds(300)).message
    assert again.state.attempts[0].grant == grant
    later = decide(again, returned(again, 1, reason="connect"), NOW + seconds(300)).message
    assert later.state.attempts[0].grant is None


def test_no_place_in_a_queue_is_waited_for_longer_than_a_quarter_of_an_hour() -> None:
    """A limit may be lifted: work with a place looks after 15 minutes at the latest."""
    message, grant = begun(step("sms")), Grant(key="account:main", at=NOW + seconds(9000))
    assert _again_in(message, returned(message, 9000, grant=grant)) == LONGEST_GRANTED_WAIT


HOURS = [
    (NOW - timedelta(days=1), timedelta(0)),
    (NOW + seconds(30), seconds(30)),
    (NOW + timedelta(days=1), LONGEST_WAIT),
]


@pytest.mark.parametrize(("hour", "again_in"), HOURS)
def test_an_hour_by_a_workers_clock_is_never_far(hour: datetime, again_in: timedelta) -> None:
    """A worker of 0.1 names an hour by its clock, which may be wrong by a day."""
    message = begun()
    assert _again_in(message, returned(message, not_before=hour)) == again_in


def test_without_a_wait_the_router_draws_a_pause() -> None:
    """The pause comes from attempt and dispatch alone, so that every router draws the same."""
    message = begun()
    drawn = return_pause(message, message.state.attempts[0], RULES)
    assert _again_in(message, returned(message, reason="connect")) == drawn
    assert timedelta(0) < drawn <= RULES.base


def test_a_return_that_says_nothing_waits_a_pause_too() -> None:
    """A report without a reason is no reason to let the message expire."""
    message = begun()
    assert _again_in(message, receipt(message, Status.RETURNED)) <= RULES.base


@given(dispatch=st.integers(1, 5_000), base=st.integers(1, 60), cap=st.integers(1, 600))
def test_a_pause_is_bounded_however_often_work_comes_back(
    dispatch: int, base: int, cap: int
) -> None:
    """A pause lies between zero and the growing bound, and never above the cap."""
    message = begun()
    attempt = replace(message.state.attempts[0], dispatch=dispatch)
    rules = RetryRules(base=seconds(base), cap=seconds(cap))
    pause = return_pause(message, attempt, rules)
    bound = min(rules.cap, rules.base * 2 ** min(dispatch - 1, 10))
    assert timedelta(0) <= pause <= bound


def test_pauses_of_one_attempt_are_drawn_apart() -> None:
    """Each dispatch draws its own."""
    message = begun()
    attempts = [replace(message.state.attempts[0], dispatch=n) for n in range(10, 20)]
    assert len({return_pause(message, attempt, RULES) for attempt in attempts}) == len(attempts)


def test_an_unreachable_provider_uses_up_no_try() -> None:
    """However often work comes back from a provider that can't be reached, it is one attempt."""
    message, now = begun(step("sms"), lives=timedelta(hours=24)), NOW
    for _ in range(100):
        message = decide(message, returned(message, reason="dns"), now).message
        assert message.state.retry_at is not None
        now = message.state.retry_at
        message = decide(message, at(now), now).message
    [attempt] = message.state.attempts
    assert (attempt.number, attempt.dispatch, message.outcome) == (1, 101, None)
    assert now > NOW + timedelta(hours=1)
    done = decide(message, accepted(message), now).message
    assert done.state.attempts[0].failure is None


def test_a_message_that_never_found_its_way_expires_with_the_reason() -> None:
    """The end of the message says what its attempt waited for."""
    message = begun(step("sms"), lives=seconds(100))
    message = decide(message, returned(message, reason="tls"), NOW).message
    end = NOW + seconds(100)
    message = decide(message, at(end), end).message
    done = decide(message, answered(message, won=True), end).message
    assert done.outcome is Outcome.EXPIRED
    failure = done.state.attempts[0].failure
    assert failure is not None
    assert (failure.failure_class, failure.code) == (FailureClass.TRANSIENT, "tls")


def test_a_repeated_return_moves_no_hour() -> None:
    """A repeat that comes later neither delays the work nor hands it out twice."""
    message = begun()
    fact = returned(message, 60)
    once = decide(message, fact, NOW).message
    assert decide(once, fact, NOW + seconds(30)).message == once


def test_a_worker_that_let_go_of_its_claim_is_asked_again() -> None:
    """A worker that was first and then sent nothing: the attempt is taken back at once."""
    message = begun(step(start_within=seconds(30)), step("sms"))
    late = NOW + seconds(30)
    message = decide(message, at(late), late).message
    message = decide(message, answered(message, won=False, lease_until=late), late).message
    assert message.state.attempts[0].status is Status.STARTED
    asked = decide(message, returned(message, reason="connect"), late).message
    done = decide(asked, answered(asked, won=True), late)
    assert dispatched(done) == ["sms 2.1/1"]


def test_a_claim_let_go_after_the_end_expires_the_message() -> None:
    """A worker that was first at `expires_at` and sent nothing ends the message as expired."""
    message, end = begun(lives=seconds(100)), NOW + seconds(100)
    message = decide(message, at(end), end).message
    message = decide(message, answered(message, won=False, lease_until=end), end).message
    asked = decide(message, returned(message, reason="connect"), end).message
    done = decide(asked, answered(asked, won=True), end)
    assert (done.message.outcome, events(done)) == (Outcome.EXPIRED, ["expired"])


def test_a_return_names_no_wait_of_its_own_only_to_expire() -> None:
    """`too_late` waits for the end of the message, whose hour is about to come."""
    message = begun(step("sms"))
    fact = receipt(message, Status.RETURNED, returned=Return(reason="too_late"))
    assert decide(message, fact, NOW).message.state.retry_at is None


@pytest.mark.parametrize("waits", [(5, 3600), (3600, 5)])
def test_two_workers_that_expect_otherwise_lead_to_one_attempt(waits: tuple[int, int]) -> None:
    """Work delivered twice may come back with two waits: the first one heeded decides alone."""
    message = begun(step(start_within=seconds(300)), step("sms"))
    first, second = (returned(message, wait) for wait in waits)
    message = decide(message, first, NOW).message
    if message.pending is not None:
        message = decide(message, answered(message, won=True), NOW).message
    decision = decide(message, second, NOW)
    assert decision.effects == ()
    assert decision.message.state.retry_at == message.state.retry_at
    assert sum(attempt.status in LIVE for attempt in decision.message.state.attempts) == 1
