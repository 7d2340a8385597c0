"""A cancel in every phase of a message's life, once and again."""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass, Outcome, Status, SuccessOn
from router.core.decide import decide
from router.core.effects import Answer, Decision
from router.core.facts import CancelAsked, CommandContext
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
    events,
    failed,
    receipt,
    seconds,
    step,
)


def _another() -> CancelAsked:
    return CancelAsked(context=CommandContext(routing_key="message.cancel", cause="cancel-2"))


def _answer(message: Message, *facts: CancelAsked, won: bool) -> Decision:
    for fact in facts:
        message = decide(message, fact, NOW).message
    return decide(message, answered(message, won=won), NOW)


def _silent_and_second_dispatched() -> Message:
    message = begun()
    message = decide(message, accepted(message), NOW).message
    return decide(message, at(NOW + seconds(61)), NOW + seconds(61)).message


def test_while_a_retry_is_planned() -> None:
    """Between two tries nothing is under way: the cancel is accepted at once."""
    message = begun()
    message = decide(message, failed(message, FailureClass.TRANSIENT), NOW).message
    done = decide(message, cancel(), NOW)
    assert answers(done) == ["accepted"]
    assert events(done) == ["cancelled"]
    assert done.message.state.retry_at is None


def test_after_the_acceptance() -> None:
    """What the provider has can't be taken back; nothing further is sent."""
    message = begun()
    message = decide(message, accepted(message), NOW).message
    done = decide(message, cancel(), NOW)
    assert answers(done) == ["too_late"]
    assert done.message.state.fallback_at is None
    later = NOW + seconds(3600)
    assert dispatched(decide(done.message, at(later), later)) == []


def test_while_it_is_unknown() -> None:
    """A call that may have been made counts as under way, and is not followed by a fallback."""
    message = begun()
    message = decide(message, receipt(message, Status.UNKNOWN), NOW).message
    done = decide(message, cancel(), NOW)
    assert answers(done) == ["too_late"]
    later = NOW + seconds(61)
    assert dispatched(decide(done.message, at(later), later)) == []


def test_while_delivered_and_not_yet_read() -> None:
    """A step that waits for reading is under way until then."""
    message = begun(step(success_on=SuccessOn.READ))
    message = decide(message, receipt(message, Status.DELIVERED), NOW).message
    assert answers(decide(message, cancel(), NOW)) == ["too_late"]


def test_takes_back_the_second_while_the_first_is_open() -> None:
    """A fallback not yet started is taken back; the silent first attempt may still succeed."""
    message = _silent_and_second_dispatched()
    done = _answer(message, cancel(), won=True)
    assert answers(done) == ["too_late"]
    assert [a.status for a in done.message.state.attempts] == [Status.ACCEPTED, Status.WITHDRAWN]
    assert done.message.outcome is None
    late = decide(done.message, receipt(done.message, Status.DELIVERED, attempt=0), NOW)
    assert late.message.outcome is Outcome.SUCCEEDED


def test_ends_when_the_last_open_attempt_fails() -> None:
    """After a late cancel the message is cancelled as soon as nothing is under way any more."""
    message = _answer(_silent_and_second_dispatched(), cancel(), won=True).message
    fact = failed(message, FailureClass.UNREACHABLE, attempt=0)
    done = decide(message, fact, NOW)
    assert events(done) == ["cancelled"]
    assert done.message.outcome is Outcome.CANCELLED


def test_ends_with_the_messages_time() -> None:
    """After a late cancel a message that gets no more receipts is cancelled, not expired."""
    message = begun(lives=seconds(100))
    message = decide(message, accepted(message), NOW).message
    message = decide(message, cancel(), NOW).message
    done = decide(message, at(NOW + seconds(100)), NOW + seconds(100))
    assert done.message.outcome is Outcome.CANCELLED
    assert events(done) == ["cancelled"]


def test_twice_in_one_moment_in_time() -> None:
    """Two cancels of one batch: the first is accepted, the other is its duplicate."""
    done = _answer(begun(), cancel(), _another(), won=True)
    assert answers(done) == ["accepted", "duplicate"]
    assert events(done) == ["cancelled"]


def test_the_same_twice_in_one_moment() -> None:
    """A cancel delivered twice in one batch gets one answer, under one event id."""
    done = _answer(begun(), cancel(), cancel(), won=True)
    assert answers(done) == ["accepted", "accepted"]
    causes = {e.context.cause for e in done.effects if isinstance(e, Answer)}
    assert causes == {"cancel-1"}


def test_twice_in_one_moment_too_late() -> None:
    """Two cancels of one batch that a worker was faster than are both too late."""
    done = _answer(begun(), cancel(), _another(), won=False)
    assert answers(done) == ["too_late", "too_late"]
    assert done.message.state.stopped


def test_again_after_it_came_too_late() -> None:
    """A repeated cancel is too late again, and changes nothing."""
    message = _answer(begun(), cancel(), won=False).message
    again = decide(message, cancel(), NOW)
    assert answers(again) == ["too_late"]
    assert again.message == message


def test_again_after_a_late_cancel_ended_it() -> None:
    """A cancel answered `too_late` is never answered `accepted`, though it ended the message."""
    message = _answer(begun(), cancel(), won=False).message
    message = decide(message, failed(message, FailureClass.UNREACHABLE), NOW).message
    assert message.outcome is Outcome.CANCELLED
    assert answers(decide(message, cancel(), NOW)) == ["too_late"]


def test_another_after_it_was_cancelled() -> None:
    """Another cancel of a cancelled message is a duplicate."""
    message = _answer(begun(), cancel(), won=True).message
    assert answers(decide(message, _another(), NOW)) == ["duplicate"]


def test_after_each_other_end() -> None:
    """A failed or expired message can't be cancelled any more; the answer says how it ended."""
    message = begun(step("sms"), lives=seconds(100))
    ended = decide(message, failed(message, FailureClass.UNREACHABLE), NOW).message
    [answer] = [e for e in decide(ended, cancel(), NOW).effects if isinstance(e, Answer)]
    assert (answer.answer.value, answer.outcome) == ("too_late", Outcome.FAILED)


def test_while_a_worker_is_known_to_have_it() -> None:
    """A started attempt is not asked back again: the cancel stops the plan at once."""
    message, late = begun(), NOW + seconds(301)
    message = decide(message, at(late), late).message
    message = decide(message, answered(message, won=False, lease_until=late), late).message
    done = decide(message, cancel(), late)
    assert answers(done) == ["too_late"]
    assert done.message.pending is None
    assert done.message.state.stopped
