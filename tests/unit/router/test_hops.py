"""A step starts once it is cleared: now, later, or not at all, and then the next one."""

from __future__ import annotations

from collections.abc import Mapping

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Outcome, Status
from router.core.clearance import CLEAR, Clearance, Refusal, Wait
from router.core.decide import decide
from router.core.effects import AskClearance, Decision, Emit
from router.core.facts import CancelAsked, Cleared, Due, Fact, MessageAccepted, Released
from router.core.message import Intent, Message
from unit.router.making import (
    CANCEL,
    CONTEXT,
    NOW,
    accepted,
    begun,
    dispatched,
    events,
    failed,
    message,
    receipt,
    returned,
    seconds,
    step,
)

OPTED_OUT = Refusal("opted_out", Failure.of(FailureClass.OPTED_OUT, "opted_out"))
REFUSED = Clearance(refusal=OPTED_OUT)
QUEUED = Clearance(is_queued=True)


def until(delay: float) -> Clearance:
    return Clearance(wait=Wait(NOW + seconds(delay), "quiet_hours"))


def decided(
    of: Message, fact: Fact, cleared: Mapping[int, Clearance] | None = None, after: float = 0
) -> Decision:
    return decide(of, fact, NOW + seconds(after), cleared=cleared or {})


def accept(of: Message, cleared: Mapping[int, Clearance]) -> Decision:
    return decided(of, MessageAccepted(context=CONTEXT), cleared)


def test_a_step_that_is_clear_starts_with_the_acceptance() -> None:
    """What was found out beforehand needs no question."""
    assert dispatched(accept(message(), {1: CLEAR})) == ["whatsapp 1.1/1"]


def test_a_clearance_is_asked_for_and_nothing_moves_before_its_answer() -> None:
    """The answer is a fact of the same transaction."""
    asked = accept(message(), {})
    assert AskClearance(step=1) in asked.effects
    assert decided(asked.message, Due(silence_until=NOW)).message == asked.message
    cleared = decided(asked.message, Cleared(step=1, clearance=CLEAR), {1: CLEAR})
    assert dispatched(cleared) == ["whatsapp 1.1/1"]
    assert cleared.message.asking is None


def test_a_refused_step_is_skipped_for_the_next_one() -> None:
    """No attempt was made, so that there is no fallback to report."""
    decision = accept(message(), {1: REFUSED, 2: CLEAR})
    assert dispatched(decision) == ["sms 2.1/1"]
    assert events(decision) == []
    assert "skipped whatsapp (step 1): opted_out" in decision.note


def test_a_message_whose_steps_are_all_refused_fails() -> None:
    """It fails of what refused the last."""
    decision = accept(message(), {1: REFUSED, 2: REFUSED})
    [event] = [effect for effect in decision.effects if isinstance(effect, Emit)]
    assert (event.what, event.failure) == ("failed", OPTED_OUT.failure)
    assert decision.message.outcome is Outcome.FAILED
    assert decision.message.state.attempts == ()


def test_a_step_is_cleared_after_a_failure_before_it_is_fallen_back_to() -> None:
    """The event of the fallback comes with the attempt, under the cause of the failure."""
    before = accept(message(), {1: CLEAR}).message
    failure = failed(before, FailureClass.UNREACHABLE)
    asked = decided(before, failure)
    assert (events(asked), asked.effects) == ([], (AskClearance(step=2),))
    cleared = decided(asked.message, Cleared(step=2, clearance=CLEAR), {2: CLEAR})
    assert events(cleared) == ["fallback"]
    assert dispatched(cleared) == ["sms 2.1/1"]
    assert cleared.key == failure.key


def test_a_refused_fallback_ends_the_message() -> None:
    """The only step left may not be used."""
    before = accept(message(), {1: CLEAR}).message
    decision = decided(before, failed(before, FailureClass.UNREACHABLE), {2: REFUSED})
    assert events(decision) == ["failed"]
    assert "skipped sms (step 2): opted_out" in decision.note


def test_a_step_waits_for_its_hour_and_is_cleared_again() -> None:
    """What was true when it began to wait may not be true any more."""
    waits = accept(message(), {1: until(600)})
    assert dispatched(waits) == []
    assert waits.message.state.attempts == ()
    early = decided(waits.message, Due(silence_until=NOW), after=599)
    assert early.message == waits.message
    late = decided(waits.message, Due(silence_until=NOW), after=600)
    assert late.effects == (AskClearance(step=1),)
    decision = decided(waits.message, Due(silence_until=NOW), {1: REFUSED, 2: CLEAR}, after=600)
    assert dispatched(decision) == ["sms 2.1/1"]


def test_a_step_that_would_wait_past_the_end_is_skipped() -> None:
    """It says what it would have waited for."""
    decision = accept(message(lives=seconds(500)), {1: until(600), 2: CLEAR})
    assert dispatched(decision) == ["sms 2.1/1"]
    assert "skipped whatsapp (step 1): quiet_hours" in decision.note


def test_a_queued_step_starts_when_it_is_released() -> None:
    """It has no attempt before; its clearance is asked for again, with the room it was given."""
    queued = accept(message(), {1: QUEUED})
    waiting = queued.message.state.waiting
    assert waiting is not None
    assert queued.message.state.attempts == ()
    fact = Released(step=1, since=waiting.since)
    asked = decided(queued.message, fact, after=5)
    assert asked.effects == (AskClearance(step=1, is_released=True),)
    started = decided(asked.message, Cleared(step=1, clearance=QUEUED), {1: QUEUED}, after=5)
    assert dispatched(started) == ["whatsapp 1.1/1"]
    assert decided(started.message, fact, after=6).effects == ()


def test_a_waiting_step_is_cancelled_at_once() -> None:
    """Nothing was handed out."""
    queued = accept(message(), {1: QUEUED}).message
    decision = decided(queued, CancelAsked(context=CANCEL))
    assert decision.message.outcome is Outcome.CANCELLED
    assert decision.message.state.waiting is None


def test_a_late_success_ends_the_wait_of_the_next_step() -> None:
    """Silence led to the next step, which waits; the first one is delivered after all."""
    before = accept(message(), {1: CLEAR}).message
    before = decided(before, accepted(before)).message
    silent = decided(before, Due(silence_until=NOW + seconds(60)), {2: QUEUED}, after=60).message
    assert silent.state.waiting is not None
    delivered = decided(silent, receipt(silent, Status.DELIVERED), after=61).message
    assert delivered.outcome is Outcome.SUCCEEDED
    assert delivered.state.waiting is None


def test_returned_work_is_taken_back_from_who_opted_out_meanwhile() -> None:
    """The attempt is withdrawn before the next step is tried."""
    before = begun(step("whatsapp"), step("sms"))
    before = decided(before, returned(before, wait=10)).message
    decision = decided(before, Due(silence_until=NOW), {1: REFUSED}, after=10)
    assert decision.message.pending is not None
    assert decision.message.pending.intent is Intent.NOT_STARTED
    assert dispatched(decision) == []


def test_a_clearance_carries_how_long_to_wait_for_news() -> None:
    """It stands in place of the step's own."""
    learned = Clearance(fallback_after=seconds(42), notes=("learned",))
    started = accept(message(), {1: learned})
    assert "learned" in started.note
    after = decided(started.message, accepted(started.message)).message
    assert after.state.fallback_at == NOW + seconds(42)
