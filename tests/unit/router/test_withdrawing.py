"""Taking attempts back: for a cancel, an expiry, a late start, work the broker gave up."""

from __future__ import annotations

from herald.contracts.vocabulary import Outcome, Status
from router.core.decide import decide
from router.core.facts import DeadLettered, MessageAccepted
from router.core.message import Message
from unit.router.making import (
    CONTEXT,
    NOW,
    accepted,
    answered,
    answers,
    at,
    attempt_id,
    begun,
    cancel,
    dispatched,
    events,
    message,
    receipt,
    returned,
    seconds,
    step,
)


def _cancelled(won: bool) -> Message:
    asked = decide(begun(), cancel(), NOW)
    done = decide(asked.message, answered(asked.message, won=won), NOW)
    assert answers(done) == (["accepted"] if won else ["too_late"])
    return done.message


def test_cancel_in_time_ends_the_message() -> None:
    """Nothing started: the cancel is accepted and the message is cancelled."""
    assert _cancelled(won=True).outcome is Outcome.CANCELLED


def test_cancel_too_late_stops_the_plan() -> None:
    """A worker was first: no retry and no fallback follow, and a failure then ends as cancelled."""
    stopped = _cancelled(won=False)
    assert stopped.outcome is None
    failed = decide(stopped, receipt(stopped, Status.FAILED), NOW)
    assert failed.message.outcome is Outcome.CANCELLED
    assert dispatched(failed) == []


def test_cancel_too_late_can_still_succeed() -> None:
    """What was already on its way and arrives is a success."""
    stopped = _cancelled(won=False)
    done = decide(stopped, receipt(stopped, Status.DELIVERED), NOW)
    assert done.message.outcome is Outcome.SUCCEEDED


def test_cancel_of_a_scheduled_message() -> None:
    """Before `send_at` there is nothing to take back."""
    scheduled = message(send_at=NOW + seconds(60))
    scheduled = decide(scheduled, MessageAccepted(context=CONTEXT), NOW).message
    assert scheduled.state.attempts == ()
    done = decide(scheduled, cancel(), NOW)
    assert answers(done) == ["accepted"]
    assert events(done) == ["cancelled"]


def test_same_cancel_again_gets_the_same_answer() -> None:
    """A redelivered cancel is accepted again, another one is a duplicate."""
    done = _cancelled(won=True)
    assert answers(decide(done, cancel(), NOW)) == ["accepted"]


def test_cancel_after_success_is_too_late() -> None:
    """An ended message can't be cancelled."""
    done = begun()
    done = decide(done, receipt(done, Status.DELIVERED), NOW).message
    assert answers(decide(done, cancel(), NOW)) == ["too_late"]


def test_work_nobody_started_goes_to_the_next_step() -> None:
    """`start_within` takes the attempt back first, so the recipient is never contacted twice."""
    late = NOW + seconds(301)
    asked = decide(begun(), at(late), late)
    assert dispatched(asked) == []
    done = decide(asked.message, answered(asked.message, won=True), late)
    assert dispatched(done) == ["sms 2.1/1"]
    assert events(done) == ["fallback"]


def test_work_that_started_is_waited_for() -> None:
    """A lost withdraw postpones the question until the worker's lease is over."""
    late = NOW + seconds(301)
    asked = decide(begun(), at(late), late)
    lease = late + seconds(30)
    lost = decide(asked.message, answered(asked.message, won=False, lease_until=lease), late)
    assert dispatched(lost) == []
    assert lost.message.state.attempts[0].status is Status.STARTED
    assert lost.message.state.start_by == lease + seconds(10)


def test_expiry_takes_back_and_ends() -> None:
    """At `expires_at` an attempt that nobody started is taken back and the message expires."""
    end = NOW + seconds(100)
    asked = decide(begun(lives=seconds(100)), at(end, gate_open=False), end)
    done = decide(asked.message, answered(asked.message, won=True), end)
    assert done.message.outcome is Outcome.EXPIRED


def test_expiry_waits_for_the_report_of_a_started_attempt() -> None:
    """A lost withdraw leaves the outcome to the report; a success still counts."""
    end = NOW + seconds(100)
    asked = decide(begun(lives=seconds(100)), at(end), end)
    lost = decide(asked.message, answered(asked.message, won=False, lease_until=end), end).message
    assert lost.outcome is None
    done = decide(lost, receipt(lost, Status.DELIVERED), end)
    assert done.message.outcome is Outcome.SUCCEEDED


def test_accepted_and_unconfirmed_expires() -> None:
    """An acceptance without news is no success."""
    end = NOW + seconds(100)
    waiting = begun(lives=seconds(100))
    waiting = decide(waiting, accepted(waiting), NOW).message
    assert decide(waiting, at(end), end).message.outcome is Outcome.EXPIRED


def test_returned_work_is_handed_out_again() -> None:
    """A worker that asks for later gets the same attempt again, under the next dispatch."""
    waiting = begun()
    later = NOW + seconds(5)
    waiting = decide(waiting, returned(waiting, 5), NOW).message
    assert dispatched(decide(waiting, at(later), later)) == ["whatsapp 1.1/2"]


def test_stale_return_is_refused() -> None:
    """A repeated return of an earlier dispatch changes nothing."""
    waiting = begun()
    fact = returned(waiting, 5)
    waiting = decide(waiting, fact, NOW).message
    waiting = decide(waiting, at(NOW + seconds(5)), NOW + seconds(5)).message
    assert decide(waiting, fact, NOW + seconds(6)).message == waiting


def test_dead_lettered_work_is_a_failure_of_its_step() -> None:
    """Work the broker gave up is taken back and falls back; work that started is waited for."""
    waiting = begun(step("whatsapp"), step("sms"))
    dead = DeadLettered(attempt=attempt_id(waiting), dispatch=1, reason="delivery_limit")
    asked = decide(waiting, dead, NOW)
    done = decide(asked.message, answered(asked.message, won=True), NOW)
    assert done.message.state.attempts[0].status is Status.FAILED
    assert dispatched(done) == ["sms 2.1/1"]
    lost = decide(asked.message, answered(asked.message, won=False), NOW)
    assert dispatched(lost) == []


def test_success_beats_a_cancel_of_the_same_moment() -> None:
    """A success during a cancel's withdraw wins; the cancel's answer says so."""
    waiting = begun()
    waiting = decide(waiting, accepted(waiting), NOW).message
    waiting = decide(waiting, at(NOW + seconds(61)), NOW + seconds(61)).message
    asked = decide(waiting, cancel(), NOW + seconds(62)).message
    asked = decide(asked, receipt(asked, Status.DELIVERED, attempt=0), NOW + seconds(62)).message
    done = decide(asked, answered(asked, won=True), NOW + seconds(62))
    assert done.message.outcome is Outcome.SUCCEEDED
    assert answers(done) == ["too_late"]
