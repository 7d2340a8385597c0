"""Withdraws that are lost, asked again, or overtaken, and deadlines after a lost one."""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass, Outcome, Status
from router.core.deadlines import AFTER_LEASE
from router.core.decide import decide
from router.core.effects import Withdraw
from router.core.facts import DeadLettered, Due
from router.core.message import Intent, Message
from unit.router.making import (
    NOW,
    accepted,
    answered,
    at,
    attempt_id,
    begun,
    dispatched,
    events,
    failed,
    receipt,
    seconds,
    step,
)

LATE = NOW + seconds(301)


def _lost(message: Message, lease: float = 30) -> Message:
    """Let `start_within` pass and a worker be first."""
    message = decide(message, at(LATE), LATE).message
    until = LATE + seconds(lease)
    return decide(message, answered(message, won=False, lease_until=until), LATE).message


def test_asks_again_after_the_lease() -> None:
    """A started attempt whose worker stays silent is asked back again after its lease."""
    message = _lost(begun())
    again_at = LATE + seconds(30) + AFTER_LEASE
    assert message.state.start_by == again_at
    early = decide(message, at(again_at - seconds(1)), again_at - seconds(1))
    assert early.effects == ()
    again = decide(message, at(again_at), again_at)
    assert any(isinstance(effect, Withdraw) for effect in again.effects)


def test_the_row_of_an_ended_lease_is_asked_later() -> None:
    """A lease in the past postpones from now on: the clock never spins."""
    message = _lost(begun(), lease=-600)
    assert message.state.start_by == LATE + AFTER_LEASE


def test_each_answer_is_a_fact_of_its_own() -> None:
    """The history keeps the ask, a lost answer and the later deciding one under three keys."""
    asked = decide(begun(), at(LATE), LATE)
    lost = decide(asked.message, answered(asked.message, won=False), LATE)
    again_at = lost.message.state.start_by
    assert again_at is not None
    second = decide(lost.message, at(again_at), again_at)
    won = decide(second.message, answered(second.message, won=True), again_at)
    keys = [decision.key for decision in (asked, lost, won)]
    assert len(set(keys)) == 3
    assert "fallback" in won.note


def test_the_end_after_a_lost_expiry_is_a_fact_of_its_own() -> None:
    """The row that explains an expired message is not hidden behind the first ask."""
    message = begun(lives=seconds(100))
    end = NOW + seconds(100)
    asked = decide(message, at(end), end)
    lost = decide(asked.message, answered(asked.message, won=False, lease_until=end), end)
    unknown = decide(lost.message, receipt(lost.message, Status.UNKNOWN), end)
    later = end + AFTER_LEASE
    done = decide(unknown.message, at(later), later)
    assert done.message.outcome is Outcome.EXPIRED
    assert len({d.key for d in (asked, lost, unknown, done)}) == 4


def test_a_report_ends_the_wait_for_a_started_attempt() -> None:
    """After a lost withdraw the report decides: a failure falls back at once."""
    message = _lost(begun())
    decision = decide(message, failed(message, FailureClass.UNREACHABLE), LATE)
    assert dispatched(decision) == ["sms 2.1/1"]


def test_an_acceptance_after_a_lost_withdraw_is_watched_for_silence() -> None:
    """`fallback_after` counts from the acceptance, `start_within` is over."""
    message = _lost(begun())
    message = decide(message, accepted(message), LATE + seconds(5)).message
    assert message.state.start_by is None
    assert message.state.fallback_at == LATE + seconds(65)


def test_expiry_asks_again_until_the_report() -> None:
    """A started attempt at `expires_at` is asked for again and again; the message stays open."""
    message = begun(lives=seconds(100))
    now = NOW + seconds(100)
    for _ in range(3):
        message = decide(message, at(now), now).message
        message = decide(message, answered(message, won=False, lease_until=now), now).message
        assert message.outcome is None
        assert message.state.expire_at == now + AFTER_LEASE
        now += AFTER_LEASE
    done = decide(message, failed(message, FailureClass.UNREACHABLE), now)
    assert done.message.outcome is Outcome.EXPIRED
    assert events(done) == ["expired"]


def test_expiry_of_a_scheduled_message() -> None:
    """A message whose time is over before `send_at` could fire sends nothing."""
    message = begun(lives=seconds(100), send_at=NOW + seconds(50))
    done = decide(message, at(NOW + seconds(200)), NOW + seconds(200))
    assert done.message.outcome is Outcome.EXPIRED
    assert dispatched(done) == []


def test_expiry_between_two_tries() -> None:
    """A planned retry is dropped at `expires_at`."""
    message = begun(lives=seconds(100))
    fact = failed(message, FailureClass.TRANSIENT, retry_after=seconds(99))
    message = decide(message, fact, NOW).message
    end = NOW + seconds(100)
    done = decide(message, at(end), end)
    assert done.message.outcome is Outcome.EXPIRED
    assert dispatched(done) == []


def test_a_scheduled_message_starts_at_its_hour() -> None:
    """`send_at` starts the first step, also while the gate is shut: no silence is judged."""
    message = begun(send_at=NOW + seconds(50))
    assert message.state.attempts == ()
    early = decide(message, at(NOW + seconds(49)), NOW + seconds(49))
    assert early.effects == ()
    due = decide(message, at(NOW + seconds(50), gate_open=False), NOW + seconds(50))
    assert dispatched(due) == ["whatsapp 1.1/1"]
    assert due.message.state.start_by == NOW + seconds(350)


def test_silence_is_judged_up_to_the_watermark_only() -> None:
    """A deadline after the newest receipt is not acted on, one before it is."""
    message = begun()
    message = decide(message, accepted(message), NOW).message
    now = NOW + seconds(100)
    held = decide(message, Due(silence_until=NOW + seconds(59)), now)
    assert held.message == message
    fired = decide(message, Due(silence_until=NOW + seconds(60)), now)
    assert dispatched(fired) == ["sms 2.1/1"]


def _dead(message: Message, dispatch: int = 1) -> DeadLettered:
    return DeadLettered(attempt=attempt_id(message), dispatch=dispatch, reason="rejected")


def test_a_dead_letter_of_an_earlier_dispatch_is_refused() -> None:
    """Only the work now on the bus can be lost."""
    message = begun()
    assert decide(message, _dead(message, dispatch=7), NOW).message == message


def test_a_dead_letter_after_the_report_is_refused() -> None:
    """Work that was made and then dead-lettered by a redelivery is no failure."""
    message = begun()
    message = decide(message, accepted(message), NOW).message
    assert decide(message, _dead(message), NOW).message == message


def test_a_dead_letter_of_the_last_step_fails_the_message() -> None:
    """Where no step is left the message failed, and says why."""
    message = begun(step("sms"))
    message = decide(message, _dead(message), NOW).message
    done = decide(message, answered(message, won=True), NOW)
    assert done.message.outcome is Outcome.FAILED
    assert done.message.state.attempts[0].failure is not None
    assert done.message.state.attempts[0].failure.code == "dead_lettered"


def test_an_answer_nobody_asked_for_is_refused() -> None:
    """A withdraw's answer without a pending ask changes nothing."""
    asked = decide(begun(), at(LATE), LATE).message
    answer = answered(asked, won=True)
    untouched = begun()
    assert decide(untouched, answer, NOW).message == untouched


def test_a_report_that_crosses_the_ask_keeps_its_rank() -> None:
    """A failure that arrives during a withdraw stands: a lost answer lowers nothing."""
    message = decide(begun(), at(LATE), LATE).message
    assert message.pending is not None
    assert message.pending.intent is Intent.NOT_STARTED
    crossed = decide(message, failed(message, FailureClass.UNREACHABLE), LATE)
    assert dispatched(crossed) == []
    done = decide(crossed.message, answered(crossed.message, won=False), LATE)
    assert done.message.state.attempts[0].status is Status.FAILED
    assert dispatched(done) == ["sms 2.1/1"]
