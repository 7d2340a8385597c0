"""What follows a failure: another try, another step, or the end."""

from __future__ import annotations

import pytest

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Outcome, Status, SuccessOn
from router.core.decide import decide
from router.core.effects import Decision, Emit
from router.core.message import Message
from unit.router.making import (
    NOW,
    accepted,
    at,
    begun,
    dispatched,
    events,
    failed,
    receipt,
    seconds,
    step,
)

NEXT_STEP = [
    FailureClass.UNREACHABLE,
    FailureClass.PERMANENT,
    FailureClass.AMBIGUOUS,
]


@pytest.mark.parametrize("failure_class", NEXT_STEP)
def test_falls_back_at_once(failure_class: FailureClass) -> None:
    """A failure that no retry can mend dispatches the next step in the same decision."""
    message = begun()
    decision = decide(message, failed(message, failure_class), NOW)
    assert dispatched(decision) == ["sms 2.1/1"]
    assert events(decision) == ["fallback"]


@pytest.mark.parametrize("failure_class", [FailureClass.CONTENT, FailureClass.OPTED_OUT])
def test_does_not_fall_back_by_default(failure_class: FailureClass) -> None:
    """Refused content and a recipient's refusal end the message, other channels or not."""
    message = begun()
    decision = decide(message, failed(message, failure_class), NOW)
    assert decision.message.outcome is Outcome.FAILED
    assert dispatched(decision) == []


def test_falls_back_on_content_where_the_step_says_so() -> None:
    """`fallback_on` of the step overrides the default."""
    message = begun(step(fallback_on=frozenset({FailureClass.CONTENT})), step("sms"))
    assert dispatched(decide(message, failed(message, FailureClass.CONTENT), NOW)) == ["sms 2.1/1"]


@pytest.mark.parametrize("failure_class", [FailureClass.TRANSIENT, FailureClass.RATE_LIMITED])
def test_retries_the_same_step_after_a_pause(failure_class: FailureClass) -> None:
    """A passing trouble schedules another try of the same step, not later than the jitter's cap."""
    message = begun()
    decision = decide(message, failed(message, failure_class), NOW)
    retry_at = decision.message.state.retry_at
    assert retry_at is not None
    assert NOW <= retry_at <= NOW + seconds(2)
    again = decide(decision.message, at(retry_at), retry_at)
    assert dispatched(again) == ["whatsapp 1.2/1"]


def test_waits_at_least_as_long_as_asked() -> None:
    """Retry-After is a lower bound of the pause."""
    message = begun()
    fact = failed(message, FailureClass.RATE_LIMITED, retry_after=seconds(30))
    retry_at = decide(message, fact, NOW).message.state.retry_at
    assert retry_at == NOW + seconds(30)


def test_retry_past_start_within_is_a_fallback() -> None:
    """A retry that would come after `start_within` is not made; the next step is."""
    message = begun(step(start_within=seconds(20)), step("sms"))
    fact = failed(message, FailureClass.RATE_LIMITED, retry_after=seconds(30))
    assert dispatched(decide(message, fact, NOW)) == ["sms 2.1/1"]


def test_three_tries_a_step() -> None:
    """The third passing failure of a step leads to the next step."""
    message, now, seen = begun(), NOW, list[str]()
    for _ in range(3):
        decision = decide(message, failed(message, FailureClass.TRANSIENT), now)
        message = decision.message
        if message.state.retry_at is not None:
            now = message.state.retry_at
            decision = decide(message, at(now), now)
            message = decision.message
        seen += dispatched(decision)
    assert seen == ["whatsapp 1.2/1", "whatsapp 1.3/1", "sms 2.1/1"]


def test_account_trouble_tries_another_account_at_once() -> None:
    """An account's own failure makes another attempt of the step, which avoids the account."""
    message = begun()
    decision = decide(message, failed(message, FailureClass.AUTH), NOW)
    assert dispatched(decision) == ["whatsapp 1.2/1"]
    without = decide(
        decision.message, failed(decision.message, FailureClass.AUTH, "no_account"), NOW
    )
    assert dispatched(without) == ["sms 2.1/1"]


def failures(decision: Decision) -> list[tuple[str, Failure]]:
    """Return the failures in a decision's events."""
    emitted = [effect for effect in decision.effects if isinstance(effect, Emit)]
    return [(one.what, one.failure) for one in emitted if one.failure is not None]


def test_no_account_left_is_reported_as_the_failure_of_the_last() -> None:
    """When every account was avoided, the message fails with what its last account said."""
    message = begun(step("sms"))
    message = decide(message, failed(message, FailureClass.AUTH, "20003"), NOW).message
    ended = decide(message, failed(message, FailureClass.AUTH, "no_account", account=""), NOW)
    assert [(what, failure.code) for what, failure in failures(ended)] == [("failed", "20003")]
    never = begun(step("sms"))
    ended = decide(never, failed(never, FailureClass.AUTH, "no_account"), NOW)
    assert [(what, failure.code) for what, failure in failures(ended)] == [("failed", "no_account")]


def test_last_failure_ends_the_message() -> None:
    """When the last step fails there is one terminal event with its reason."""
    message = begun(step("sms"))
    decision = decide(message, failed(message, FailureClass.UNREACHABLE, "30003"), NOW)
    assert events(decision) == ["failed"]
    assert decision.message.outcome is Outcome.FAILED


def test_no_fallback_after_expiry() -> None:
    """A failure received after `expires_at` ends the message as expired; nothing more is sent."""
    message = begun(lives=seconds(100))
    decision = decide(message, failed(message, FailureClass.UNREACHABLE), NOW + seconds(101))
    assert decision.message.outcome is Outcome.EXPIRED
    assert dispatched(decision) == []


def _accepted(message: Message) -> Message:
    return decide(message, accepted(message), NOW).message


def test_silence_falls_back_only_with_an_open_gate() -> None:
    """`fallback_after` fires when silence can be judged, and is held while it can't."""
    message = _accepted(begun())
    later = NOW + seconds(61)
    assert dispatched(decide(message, at(later, gate_open=False), later)) == []
    assert dispatched(decide(message, at(later), later)) == ["sms 2.1/1"]


def test_last_step_is_never_given_up_for_silence() -> None:
    """After its acceptance the last step waits for news or for the end of the message."""
    message = _accepted(begun(step("sms")))
    assert message.state.fallback_at is None


def test_unknown_leads_to_the_next_step_and_never_to_a_retry() -> None:
    """Where nobody knows whether it was sent, that channel is not tried again."""
    message = begun()
    message = decide(message, receipt(message, Status.UNKNOWN), NOW).message
    later = NOW + seconds(61)
    decision = decide(message, at(later), later)
    assert dispatched(decision) == ["sms 2.1/1"]
    last = decision.message
    last = decide(last, receipt(last, Status.UNKNOWN), later).message
    end = decide(last, at(later + seconds(61)), later + seconds(61))
    assert end.message.outcome is Outcome.FAILED


def test_better_news_overtakes_a_planned_retry() -> None:
    """A delivery after a failure cancels the retry that the failure had planned."""
    message = begun(step(success_on=SuccessOn.READ), step("sms"))
    message = decide(message, failed(message, FailureClass.TRANSIENT), NOW).message
    assert message.state.retry_at is not None
    message = decide(message, receipt(message, Status.DELIVERED), NOW).message
    assert message.state.retry_at is None


def test_bounce_before_the_outcome_fails_its_step() -> None:
    """A bounced mail falls back like a failure; after the outcome it is an event only."""
    message = begun(step("email"), step("sms"))
    decision = decide(message, receipt(message, Status.BOUNCED), NOW)
    assert events(decision) == ["bounced", "fallback"]
    ended = begun(step("email"), step("sms"))
    ended = decide(ended, receipt(ended, Status.DELIVERED), NOW).message
    late = decide(ended, receipt(ended, Status.BOUNCED), NOW)
    assert events(late) == ["bounced"]
    assert dispatched(late) == []
