"""Work that can't start in time: the next step at once, and patience on the last one."""

from __future__ import annotations

import pytest

from herald.contracts.vocabulary import FailureClass, Outcome, Status
from router.core.decide import decide
from router.core.effects import Decision, Emit
from router.core.facts import CancelAsked, DeadLettered
from router.core.message import Message
from unit.router.making import (
    CANCEL,
    NOW,
    answered,
    answers,
    at,
    attempt_id,
    begun,
    dispatched,
    events,
    failed,
    returned,
    seconds,
    step,
)

FIRST = step("whatsapp", start_within=seconds(300))
LAST = step("sms", start_within=seconds(300))


def _taken_back(message: Message, **options: object) -> Decision:
    asked = decide(message, returned(message, 600), NOW)
    assert dispatched(asked) == []
    return decide(asked.message, answered(asked.message, won=True), NOW)


def test_a_wait_past_start_within_leads_to_the_next_step_at_once() -> None:
    """A long limit withdraws the attempt and tries the next step in the same transaction."""
    done = _taken_back(begun(FIRST, LAST))
    assert dispatched(done) == ["sms 2.1/1"]
    assert events(done) == ["fallback"]
    assert done.message.state.attempts[0].status is Status.WITHDRAWN
    assert done.message.state.retry_at is None


def test_a_wait_past_the_end_leads_to_the_next_step_at_once() -> None:
    """Where no `start_within` is set, the end of the message is the bound."""
    message = begun(step("whatsapp", start_within=None), LAST, lives=seconds(600))
    assert dispatched(_taken_back(message)) == ["sms 2.1/1"]


def test_a_long_wait_that_ends_in_time_is_waited_for() -> None:
    """Without `start_within` and with a day left, the step keeps its work."""
    message = begun(step("whatsapp", start_within=None), LAST)
    kept = decide(message, returned(message, 3600), NOW).message
    assert kept.pending is None
    assert kept.state.retry_at is not None


REASONS = [("rate_limit", "rate_limited"), ("connect", "transient"), ("http_503", "transient")]


@pytest.mark.parametrize(("reason", "word"), REASONS)
def test_the_fallback_says_why_nothing_started(reason: str, word: str) -> None:
    """The event's reason is a failure class; its failure names the worker's own code."""
    message = begun(FIRST, LAST)
    asked = decide(message, returned(message, 600, reason), NOW).message
    done = decide(asked, answered(asked, won=True), NOW)
    [emitted] = [effect for effect in done.effects if isinstance(effect, Emit)]
    assert emitted.fallback is not None
    assert emitted.attempt is not None
    assert emitted.attempt.failure is not None
    assert (emitted.fallback.reason, emitted.attempt.failure.code) == (word, reason)


def test_the_clock_says_why_nothing_started_too() -> None:
    """At `start_within` the reason is what the work came back for last."""
    message = begun(FIRST, LAST)
    message = decide(message, returned(message, 250), NOW).message
    late = NOW + seconds(300)
    message = decide(message, at(late), late).message  # handed out no more
    message = decide(message, at(late), late).message
    done = decide(message, answered(message, won=True), late)
    [emitted] = [effect for effect in done.effects if isinstance(effect, Emit)]
    assert emitted.fallback is not None
    assert emitted.fallback.reason == "rate_limited"


def test_a_worker_that_was_first_is_waited_for() -> None:
    """Where another worker has claimed the work meanwhile, no second contact is made."""
    message = begun(FIRST, LAST)
    asked = decide(message, returned(message, 600), NOW).message
    lost = decide(asked, answered(asked, won=False, lease_until=NOW), NOW)
    assert dispatched(lost) == []
    assert lost.message.state.attempts[0].status is Status.STARTED


def test_a_start_that_an_outage_delayed_is_left_to_the_clock() -> None:
    """A return after `start_within` waits: only the clock knows whether silence may be judged."""
    message, late = begun(FIRST, LAST), NOW + seconds(301)
    message = decide(message, returned(message, 1), late).message
    assert message.pending is None
    later = late + seconds(1)
    assert dispatched(decide(message, at(later, gate_open=False), later)) == ["whatsapp 1.1/2"]


def test_a_limit_past_start_within_leads_to_the_next_step() -> None:
    """A provider's Retry-After that ends too late is a fallback in the same decision."""
    message = begun(FIRST, LAST)
    fact = failed(message, FailureClass.RATE_LIMITED, retry_after=seconds(900))
    done = decide(message, fact, NOW)
    assert (dispatched(done), events(done)) == (["sms 2.1/1"], ["fallback"])


def test_the_last_step_has_no_start_deadline() -> None:
    """There is nowhere to move on to: the last step waits for the end of the message."""
    message = begun(LAST)
    assert message.state.start_by is None
    late = NOW + seconds(3600)
    assert decide(message, at(late), late).message == message
    assert decide(message, returned(message, 3600), NOW).message.pending is None


def test_the_last_step_of_several_has_none_either() -> None:
    """Only the steps before the last can be left for not starting."""
    message = begun(FIRST, LAST)
    assert message.state.start_by == NOW + seconds(300)
    moved = decide(message, failed(message, FailureClass.UNREACHABLE), NOW).message
    assert moved.state.start_by is None


def test_a_stored_deadline_of_a_last_step_is_dropped() -> None:
    """A start deadline that an earlier version stored for the last step takes nothing back."""
    late = NOW + seconds(300)
    message = begun(LAST).with_state(start_by=late)
    after = decide(message, at(late), late)
    assert (after.effects, after.message.state.start_by) == ((), None)


def test_a_retry_on_the_last_step_may_be_late() -> None:
    """Retries of a real failure on the last step are bounded by the message's end alone."""
    message = begun(LAST)
    fact = failed(message, FailureClass.RATE_LIMITED, retry_after=seconds(3600))
    later = NOW + seconds(3600)
    message = decide(message, fact, NOW).message
    assert message.state.retry_at == later
    assert dispatched(decide(message, at(later), later)) == ["sms 1.2/1"]


def test_a_claim_let_go_on_the_last_step_is_another_try() -> None:
    """Given up by the broker, started, then let go by its worker: it is tried again."""
    message = begun(LAST)
    dead = DeadLettered(attempt=attempt_id(message), dispatch=1, reason="delivery_limit")
    message = decide(message, dead, NOW).message
    message = decide(message, answered(message, won=False, lease_until=NOW), NOW).message
    message = decide(message, returned(message, reason="connect"), NOW).message
    message = decide(message, answered(message, won=True), NOW).message
    assert (message.outcome, message.state.retry_at is not None) == (None, True)
    later = NOW + seconds(2)
    assert dispatched(decide(message, at(later), later)) == ["sms 1.2/1"]


def test_a_claim_let_go_after_a_cancel_ends_the_message() -> None:
    """The cancel came too late, but nothing was sent after all: the message is cancelled."""
    message = decide(begun(FIRST, LAST), CancelAsked(context=CANCEL), NOW).message
    lost = decide(message, answered(message, won=False, lease_until=NOW), NOW)
    assert answers(lost) == ["too_late"]
    asked = decide(lost.message, returned(lost.message, reason="connect"), NOW).message
    done = decide(asked, answered(asked, won=True), NOW)
    assert (dispatched(done), done.message.outcome) == ([], Outcome.CANCELLED)
