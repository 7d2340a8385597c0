"""Events are emitted once, in order, and no less when facts came in one batch."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import (
    FailureClass,
    MessageStatus,
    Outcome,
    Receipts,
    Status,
    SuccessOn,
)
from router.core.decide import decide
from router.core.effects import Decision, Emit
from router.core.facts import Fact
from router.core.message import Message
from unit.router.making import (
    NOW,
    accepted,
    answered,
    at,
    begun,
    dispatched,
    events,
    failed,
    receipt,
    seconds,
    step,
)


def _fold(message: Message, *facts: Fact) -> tuple[Message, list[Emit]]:
    emitted: list[Emit] = []
    for fact in facts:
        decision = decide(message, fact, NOW)
        message = decision.message
        emitted += [effect for effect in decision.effects if isinstance(effect, Emit)]
    return message, emitted


def _second_dispatched() -> Message:
    message, _ = _fold(begun(), accepted(begun()))
    later = NOW + seconds(61)
    return decide(message, at(later), later).message


def test_two_late_successes_of_one_batch_are_both_emitted() -> None:
    """`delivered` and `read` during a withdraw: neither event is lost."""
    message = _second_dispatched()
    message, early = _fold(
        message,
        receipt(message, Status.DELIVERED, attempt=0),
        receipt(message, Status.READ, attempt=0),
    )
    message, last = _fold(message, answered(message, won=True))
    emitted = early + last
    assert sorted(event.what for event in emitted) == ["delivered", "read"]
    assert [event.what for event in emitted if event.terminal] == ["delivered"]
    assert message.status is MessageStatus.READ
    assert [event.sequence for event in emitted] == sorted({event.sequence for event in emitted})


def test_success_of_both_attempts_in_one_batch() -> None:
    """The first success ends the message; the other is emitted, and marked as an overlap."""
    message = _second_dispatched()
    message, early = _fold(
        message,
        receipt(message, Status.DELIVERED, attempt=0),
        receipt(message, Status.DELIVERED, attempt=1),
    )
    message, last = _fold(message, answered(message, won=False))
    emitted = early + last
    assert [event.what for event in emitted] == ["delivered", "delivered"]
    [end] = [event for event in emitted if event.terminal]
    assert end.overlap
    assert end.attempt is not None
    assert end.attempt.channel == "whatsapp"


CAPPED = [
    (SuccessOn.READ, Receipts.DELIVERED, Status.DELIVERED),
    (SuccessOn.DELIVERED, Receipts.SENT, Status.SENT),
    (SuccessOn.READ, Receipts.SENT, Status.SENT),
]


@pytest.mark.parametrize(("wanted", "receipts", "status"), CAPPED)
def test_the_last_news_may_come_before_the_acceptance(
    wanted: SuccessOn, receipts: Receipts, status: Status
) -> None:
    """A webhook faster than the worker's report: success is seen once the cap is known."""
    message = begun(step("sms", success_on=wanted))
    message, early = _fold(message, receipt(message, status, source="webhook"))
    assert message.outcome is None
    message, late = _fold(message, accepted(message, receipts))
    assert message.outcome is Outcome.SUCCEEDED
    assert [(e.what, e.terminal, e.confirmed) for e in early + late] == [
        (status.value, False, True),
        (status.value, True, False),
    ]


def test_an_acceptance_that_caps_nothing_ends_nothing() -> None:
    """Where more news may come, the acceptance after a `sent` changes nothing."""
    message = begun()
    message, _ = _fold(message, receipt(message, Status.SENT, source="webhook"))
    decision = decide(message, accepted(message, Receipts.READ), NOW)
    assert decision.effects == ()
    assert decision.message.outcome is None


def test_every_step_up_is_emitted_once() -> None:
    """Each level reached is one event, whatever comes in between and again."""
    message = begun(step(success_on=SuccessOn.READ))
    order = [Status.SENT, Status.SENT, Status.DELIVERED, Status.SENT, Status.READ, Status.CLICKED]
    message, emitted = _fold(message, *(receipt(message, status) for status in order))
    assert [event.what for event in emitted] == ["sent", "delivered", "read", "clicked"]
    assert [event.late for event in emitted] == [False, False, False, True]
    assert [event.sequence for event in emitted] == [1, 2, 3, 4]


def test_a_jump_emits_only_where_it_landed() -> None:
    """A `read` without a `delivered` before it invents none."""
    message = begun()
    _, emitted = _fold(message, receipt(message, Status.READ), receipt(message, Status.DELIVERED))
    assert [event.what for event in emitted] == ["read"]


def test_a_read_after_a_bounce_counts() -> None:
    """`reached` rises over facts that come after a higher rank, and the message with it."""
    message = begun(step("email"), step("sms"))
    message, emitted = _fold(
        message, receipt(message, Status.BOUNCED), receipt(message, Status.DELIVERED, attempt=0)
    )
    assert message.state.attempts[0].status is Status.BOUNCED
    assert message.status is MessageStatus.DELIVERED
    assert [event.what for event in emitted] == ["bounced", "fallback"]
    assert message.pending is not None  # the fallback, not yet started, is being taken back
    message, emitted = _fold(message, answered(message, won=True))
    assert [(event.what, event.terminal) for event in emitted] == [("delivered", True)]


FLAGGED = [Status.BOUNCED, Status.COMPLAINED, Status.UNSUBSCRIBED, Status.DEFERRED]


@pytest.mark.parametrize("status", FLAGGED)
@pytest.mark.parametrize("known", [Status.SENT, Status.DELIVERED, Status.READ, Status.CLICKED])
def test_no_rank_hides_what_a_mailbox_says(known: Status, status: Status) -> None:
    """A bounce or a complaint after an open is emitted, with its reason; nothing else changes."""
    message = begun(step("email", success_on=SuccessOn.SENT))
    message, _ = _fold(message, receipt(message, known))
    failure = Failure.of(FailureClass.UNREACHABLE, "5.1.1")
    after, [emitted] = _fold(message, receipt(message, status, failure=failure))
    assert (emitted.what, emitted.late, emitted.terminal, emitted.failure) == (
        status,
        True,
        False,
        failure,
    )
    assert (after.status, after.outcome) == (message.status, message.outcome)


@pytest.mark.parametrize("status", FLAGGED)
def test_only_the_first_of_an_attempt_is_news(status: Status) -> None:
    """A second deferral or bounce with another key is history; another attempt's is emitted."""
    message = _second_dispatched()
    first, second = [receipt(message, status, attempt=0, event_key=key) for key in ("1", "2")]
    message, emitted = _fold(message, first, second, receipt(message, status, attempt=1))
    flagged = [event for event in emitted if event.what == status]
    assert [event.attempt and event.attempt.step for event in flagged] == [1, 2]
    assert flagged[0].cause == first.key


def test_a_bounce_of_before_is_not_emitted_again() -> None:
    """An attempt that bounced under a router that kept no flag of it has its event."""
    message = begun(step("email"))
    message, _ = _fold(message, receipt(message, Status.BOUNCED, event_key="1"))
    earlier = message.with_attempt(replace(message.state.attempts[0], flags=()))
    _, emitted = _fold(earlier, receipt(message, Status.BOUNCED, event_key="2"))
    assert emitted == []


def test_a_success_taken_back_is_emitted() -> None:
    """Where `sent` was enough, a failure after it is emitted late and moves nothing."""
    message = begun(step("sms", success_on=SuccessOn.SENT), step("email"))
    message, _ = _fold(message, accepted(message), receipt(message, Status.SENT))
    assert message.outcome is Outcome.SUCCEEDED
    decision = decide(message, failed(message, FailureClass.UNREACHABLE, "30003"), NOW)
    [emitted] = [effect for effect in decision.effects if isinstance(effect, Emit)]
    assert (emitted.what, emitted.late, emitted.terminal) == ("failed", True, False)
    assert emitted.failure is not None
    assert (emitted.outcome, emitted.failure.code) == (Outcome.SUCCEEDED, "30003")


def test_a_fallback_names_both_channels_and_the_reason() -> None:
    """The event says from where, to where, and why."""
    message = begun()
    [emitted] = [
        e
        for e in decide(message, failed(message, FailureClass.UNREACHABLE), NOW).effects
        if isinstance(e, Emit)
    ]
    assert emitted.fallback is not None
    assert emitted.fallback.model_dump() == {
        "from_channel": "whatsapp",
        "to_channel": "sms",
        "reason": "unreachable",
    }
    assert not emitted.terminal


REASONS = [("silence", Status.ACCEPTED), ("unknown", Status.UNKNOWN)]


@pytest.mark.parametrize(("reason", "status"), REASONS)
def test_silence_is_named_by_what_is_known(reason: str, status: Status) -> None:
    """A silent acceptance and a call of unknown end are distinguished."""
    message, _ = _fold(begun(), receipt(begun(), status))
    later = NOW + seconds(61)
    decision: Decision = decide(message, at(later), later)
    [emitted] = [e for e in decision.effects if isinstance(e, Emit)]
    assert emitted.fallback is not None
    assert emitted.fallback.reason == reason
    assert dispatched(decision) == ["sms 2.1/1"]


def test_a_late_failure_of_an_earlier_attempt_starts_nothing() -> None:
    """After a fallback the first attempt's failure changes only its own row."""
    message = _second_dispatched()
    decision = decide(message, failed(message, FailureClass.UNREACHABLE, attempt=0), NOW)
    assert events(decision) == []
    assert dispatched(decision) == []
    assert decision.message.state.attempts[0].status is Status.FAILED


def test_a_late_success_stops_a_planned_retry() -> None:
    """A first attempt delivered while the second waits for its next try ends the message."""
    message = _second_dispatched()
    message, _ = _fold(message, failed(message, FailureClass.TRANSIENT))
    message, emitted = _fold(message, receipt(message, Status.DELIVERED, attempt=0))
    assert message.outcome is Outcome.SUCCEEDED
    assert not emitted[-1].overlap
    later = NOW + seconds(3600)
    assert dispatched(decide(message, at(later), later)) == []


def test_a_failure_is_forgotten_by_better_news() -> None:
    """An attempt that was delivered after all no longer shows the failure from before."""
    message, _ = _fold(begun(step("sms")), failed(begun(step("sms")), FailureClass.UNREACHABLE))
    message, [late] = _fold(message, receipt(message, Status.DELIVERED))
    assert message.state.attempts[0].failure is None
    assert (late.late, late.terminal, late.outcome) == (True, False, Outcome.FAILED)
