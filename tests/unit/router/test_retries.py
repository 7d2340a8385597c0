"""When a step is tried again: how long after, how often, and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.config.file import RetryRules
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Outcome, Status
from router.core.decide import decide
from router.core.fallback import MAX_TRIES, avoided_accounts, pause
from router.core.message import Attempt, Message
from unit.router.making import (
    NOW,
    accepted,
    at,
    begun,
    dispatched,
    events,
    failed,
    receipt,
    returned,
    seconds,
    step,
)

RULES = RetryRules()


@given(
    number=st.integers(1, 10),
    base=st.integers(1, 60),
    cap=st.integers(1, 600),
    asked=st.none() | st.integers(1, 86_400),
)
def test_a_pause_is_bounded(number: int, base: int, cap: int, asked: int | None) -> None:
    """Jitter stays between zero and the growing bound; what a provider asks is the least."""
    rules = RetryRules(base=seconds(base), cap=seconds(cap))
    wait = seconds(asked) if asked is not None else None
    failure = Failure.of(FailureClass.TRANSIENT, retry_after=wait)
    attempt = Attempt(step=1, number=number, channel="sms", status=Status.FAILED)
    drawn = pause(begun(), attempt, failure, rules)
    least = wait or timedelta(0)
    assert least <= drawn
    assert drawn <= max(least, min(rules.cap, rules.base * 2 ** (number - 1)))


def test_pauses_are_drawn_apart_and_the_same_again() -> None:
    """Each try draws its own pause, and the same facts draw the same one."""
    failure = Failure.of(FailureClass.TRANSIENT)
    attempts = [Attempt(step=1, number=n, channel="sms") for n in (1, 2, 3)]
    drawn = [pause(begun(), attempt, failure, RULES) for attempt in attempts]
    assert len({pause / 2**n for n, pause in enumerate(drawn)}) == 3
    assert drawn == [pause(begun(), attempt, failure, RULES) for attempt in attempts]


def _failed_last(message: Message, **options: Any) -> Message:
    fact = failed(message, FailureClass.TRANSIENT, **options)
    return decide(message, fact, NOW).message


def test_nothing_moves_before_the_pause_is_over() -> None:
    """The clock looking early starts nothing."""
    message = _failed_last(begun(), retry_after=seconds(30))
    early = decide(message, at(NOW + seconds(29)), NOW + seconds(29))
    assert early.effects == ()
    assert early.message == message


def test_no_retry_after_expiry() -> None:
    """A retry that would come after `expires_at` is not planned: the next step is taken."""
    message = begun(step(start_within=None), step("sms"), lives=seconds(60))
    fact = failed(message, FailureClass.TRANSIENT, retry_after=seconds(61))
    assert dispatched(decide(message, fact, NOW)) == ["sms 2.1/1"]


def test_no_retry_after_expiry_of_the_last_step() -> None:
    """Where no step is left either, the message failed with the provider's reason."""
    message = begun(step(start_within=None), lives=seconds(60))
    fact = failed(message, FailureClass.TRANSIENT, "131016", retry_after=seconds(61))
    done = decide(message, fact, NOW)
    assert done.message.outcome is Outcome.FAILED
    assert done.message.state.attempts[0].failure is not None
    assert done.message.state.attempts[0].failure.code == "131016"


def test_a_retry_that_was_missed_is_not_made_past_start_within() -> None:
    """A retry that is found late is not made after `start_within`: the next step is taken."""
    message = _failed_last(begun(step(start_within=seconds(300)), step("sms")))
    late = NOW + seconds(301)
    assert dispatched(decide(message, at(late), late)) == ["sms 2.1/1"]


def test_a_retry_that_an_outage_made_late_is_made() -> None:
    """An outage of Herald's own leads to no fallback: the gate is shut, the retry is late."""
    message = _failed_last(begun(step(start_within=seconds(300)), step("sms")))
    late = NOW + seconds(301)
    assert dispatched(decide(message, at(late, gate_open=False), late)) == ["whatsapp 1.2/1"]


def test_the_clock_of_a_step_starts_once() -> None:
    """A later try's `start_within` counts from the step's first dispatch."""
    steps = step(start_within=seconds(300)), step("sms")
    message = _failed_last(begun(*steps), retry_after=seconds(100))
    later = NOW + seconds(100)
    message = decide(message, at(later), later).message
    assert message.state.start_by == NOW + seconds(300)


def test_a_retry_waits_with_no_other_clock_running() -> None:
    """While a retry is planned neither silence nor a late start is watched."""
    message = _failed_last(begun(), retry_after=seconds(200))
    assert message.state.start_by is None
    assert message.state.fallback_at is None


def test_a_failed_account_is_avoided_by_the_next_try_only_of_its_step() -> None:
    """The accounts that failed a step are named to its next worker, not to another step's."""
    message = begun()
    message = decide(message, failed(message, FailureClass.AUTH), NOW).message
    assert avoided_accounts(message, 1) == ("whatsapp-main",)
    assert avoided_accounts(message, 2) == ()


def test_a_pinned_account_has_no_other() -> None:
    """A step that names its account goes to the next step when that account fails."""
    message = begun(step(account="whatsapp-main"), step("sms"))
    decision = decide(message, failed(message, FailureClass.AUTH), NOW)
    assert dispatched(decision) == ["sms 2.1/1"]


def test_no_more_than_three_tries_of_any_kind() -> None:
    """Another account counts as a try too."""
    message = begun()
    for _ in range(MAX_TRIES):
        decision = decide(message, failed(message, FailureClass.AUTH), NOW)
        message = decision.message
    assert [(a.step, a.number) for a in message.state.attempts] == [(1, 1), (1, 2), (1, 3), (2, 1)]


@pytest.mark.parametrize("failure_class", list(FailureClass))
def test_a_repeated_failure_starts_nothing_more(failure_class: FailureClass) -> None:
    """The same failure received twice leads to what it led to once."""
    message = begun()
    fact = failed(message, failure_class, retry_after=seconds(10))
    once = decide(message, fact, NOW).message
    again = decide(once, fact, NOW + seconds(1))
    assert again.message == once
    assert again.effects == ()


def test_a_failure_overrides_the_hour_its_work_was_returned_for() -> None:
    """Work handed out twice, returned by one worker and refused by the other, is not tried again.

    A connection lost between report and acknowledgement does that; the pause the first worker
    asked for must not turn a refusal for good into another call.
    """
    message = begun()
    message = decide(message, returned(message, 30), NOW).message
    decision = decide(message, failed(message, FailureClass.UNREACHABLE), NOW)
    assert dispatched(decision) == ["sms 2.1/1"]
    assert decision.message.state.retry_at is None


def test_a_bounce_overrides_a_planned_retry() -> None:
    """A mail that failed for now and then bounced is not sent again: the next step is taken."""
    message = _failed_last(begun(step("email"), step("sms")), retry_after=seconds(60))
    decision = decide(message, receipt(message, Status.BOUNCED), NOW)
    assert events(decision) == ["bounced", "fallback"]
    assert dispatched(decision) == ["sms 2.1/1"]


def test_an_acceptance_after_its_failure_keeps_the_plan() -> None:
    """Lower news does not undo a failure, nor the retry it led to."""
    message = _failed_last(begun(), retry_after=seconds(60))
    after = decide(message, accepted(message), NOW).message
    assert after.state.retry_at == NOW + seconds(60)
    assert after.state.attempts[0].status is Status.FAILED


def test_a_platform_that_is_too_busy_after_the_acceptance_is_tried_again() -> None:
    """Twilio says by callback that WhatsApp takes no more (63018): the same step, later."""
    taken = decide(begun(), accepted(begun()), NOW).message
    late = failed(taken, FailureClass.RATE_LIMITED, "63018", source="webhook")
    waiting = decide(taken, late, NOW)
    assert events(waiting) == []
    assert waiting.message.state.retry_at is not None
    later = waiting.message.state.retry_at
    again = decide(waiting.message, at(later), later)
    assert dispatched(again) == ["whatsapp 1.2/1"]
