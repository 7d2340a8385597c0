"""Work a worker gave back: no call was made, and the attempt stays the same one."""

from __future__ import annotations

import pytest

from herald.contracts.vocabulary import Outcome, Status
from router.core.decide import decide
from router.core.effects import Emit
from router.core.message import Message
from unit.router.making import (
    NOW,
    accepted,
    answered,
    answers,
    at,
    begun,
    cancel,
    dispatched,
    receipt,
    returned,
    seconds,
    step,
    throttled,
)


def _returned_for(wait: float, *, lives: float = 86_400) -> Message:
    message = begun(step(start_within=seconds(300)), step("sms"), lives=seconds(lives))
    return decide(message, returned(message, wait), NOW).message


def test_a_return_is_no_news() -> None:
    """The attempt stays dispatched, under its number; no event is emitted."""
    message = begun()
    decision = decide(message, returned(message, 5), NOW)
    assert decision.effects == ()
    [attempt] = decision.message.state.attempts
    assert (attempt.status, attempt.number, attempt.dispatch) == (Status.DISPATCHED, 1, 1)


def test_work_that_came_too_late_waits_for_the_deadline_behind_it() -> None:
    """`too_late`: nothing is handed out again; `start_within` then takes the next step."""
    message = begun(step(start_within=seconds(300)), step("sms"))
    message = decide(message, returned(message, None, "too_late"), NOW).message
    late = NOW + seconds(300)
    asked = decide(message, at(late), late)
    assert dispatched(asked) == []
    done = decide(asked.message, answered(asked.message, won=True), late)
    assert dispatched(done) == ["sms 2.1/1"]


def test_an_hour_missed_past_start_within_hands_nothing_out() -> None:
    """After `start_within` the same work is not handed out again: no worker could start it."""
    message = _returned_for(10)
    late = NOW + seconds(301)
    missed = decide(message, at(late), late)
    assert dispatched(missed) == []
    asked = decide(missed.message, at(late), late)
    done = decide(asked.message, answered(asked.message, won=True), late)
    assert dispatched(done) == ["sms 2.1/1"]


def test_work_that_an_outage_made_late_is_handed_out() -> None:
    """An outage of Herald's own leads to no fallback: the gate is shut, the work starts late."""
    message = _returned_for(10)
    late = NOW + seconds(301)
    assert dispatched(decide(message, at(late, gate_open=False), late)) == ["whatsapp 1.1/2"]


def test_a_worker_that_was_first_is_not_handed_the_work_again() -> None:
    """When a withdraw shows that another worker started it, no hour to hand it out is left."""
    message = decide(_returned_for(60), cancel(), NOW).message
    message = decide(message, answered(message, won=False, lease_until=NOW), NOW).message
    assert message.state.attempts[0].status is Status.STARTED
    assert message.state.retry_at is None


def test_returned_work_can_be_cancelled() -> None:
    """Nothing started: a cancel is accepted and nothing is handed out any more."""
    message = _returned_for(60)
    asked = decide(message, cancel(), NOW)
    done = decide(asked.message, answered(asked.message, won=True), NOW)
    assert answers(done) == ["accepted"]
    assert done.message.outcome is Outcome.CANCELLED
    later = NOW + seconds(61)
    assert dispatched(decide(done.message, at(later), later)) == []


def test_returned_work_expires() -> None:
    """At `expires_at` returned work is taken back and the message expires."""
    message = _returned_for(60, lives=50)
    end = NOW + seconds(50)
    asked = decide(message, at(end), end)
    done = decide(asked.message, answered(asked.message, won=True), end)
    assert done.message.outcome is Outcome.EXPIRED


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.UNKNOWN, Status.SENT])
def test_news_of_a_call_forgets_the_hour(status: Status) -> None:
    """Work returned by one worker and made by another is not handed out again."""
    message = _returned_for(10)
    message = decide(message, receipt(message, status), NOW).message
    later = NOW + seconds(11)
    assert dispatched(decide(message, at(later), later)) == []


def test_a_return_after_the_call_is_refused() -> None:
    """A worker's late return does not undo what another worker reported."""
    message = begun()
    message = decide(message, accepted(message), NOW).message
    decision = decide(message, returned(message, 5), NOW)
    assert decision.message == message
    assert "refused" in decision.note


def test_a_throttled_call_uses_up_no_try() -> None:
    """However often a provider throttles a message's call, the attempt stays the first one."""
    message, now = begun(step("sms")), NOW
    for dispatch in range(2, 12):
        message = decide(message, throttled(message), now).message
        now += seconds(1)
        decision = decide(message, at(now), now)
        message = decision.message
        assert dispatched(decision) == [f"sms 1.1/{dispatch}"]
    assert message.outcome is None


def test_what_throttled_it_is_why_the_next_step_is_tried() -> None:
    """A step that can't start in time for throttling is left with the platform's own code."""
    message = begun(step(start_within=seconds(30)), step("sms"))
    message = decide(message, throttled(message, 60), NOW).message
    done = decide(message, answered(message, won=True), NOW)
    [change] = [effect for effect in done.effects if isinstance(effect, Emit)]
    assert change.fallback is not None
    assert change.fallback.reason == "rate_limited"
    assert change.attempt is not None
    assert change.attempt.failure is not None
    assert change.attempt.failure.code == "20429"


def test_each_return_is_of_one_dispatch() -> None:
    """The work goes round under growing dispatch numbers, as one attempt."""
    message, now = begun(), NOW
    seen = list[str]()
    for _ in range(3):
        message = decide(message, returned(message, 2), now).message
        now += seconds(2)
        decision = decide(message, at(now), now)
        message, seen = decision.message, seen + dispatched(decision)
    assert seen == ["whatsapp 1.1/2", "whatsapp 1.1/3", "whatsapp 1.1/4"]
    assert len(message.state.attempts) == 1
