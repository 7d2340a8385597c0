"""What counts as success, and what a late success changes."""

from __future__ import annotations

import pytest

from herald.contracts.vocabulary import (
    FailureClass,
    MessageStatus,
    Outcome,
    Receipts,
    Status,
    SuccessOn,
)
from router.core.decide import decide
from router.core.effects import Emit, Withdraw
from router.core.message import Message
from unit.router.making import (
    NOW,
    accepted,
    answered,
    at,
    begun,
    events,
    failed,
    receipt,
    seconds,
    step,
)


def test_delivery_ends_the_message_once() -> None:
    """The first delivery is the terminal event; a later read is marked as late."""
    message = begun()
    first = decide(message, receipt(message, Status.DELIVERED), NOW)
    second = decide(first.message, receipt(first.message, Status.READ), NOW)
    emitted = [e for d in (first, second) for e in d.effects if isinstance(e, Emit)]
    assert [(e.what, e.terminal, e.late) for e in emitted] == [
        ("delivered", True, False),
        ("read", False, True),
    ]
    assert second.message.status is MessageStatus.READ
    assert second.message.outcome is Outcome.SUCCEEDED


def test_a_repeated_receipt_is_one_event() -> None:
    """The same receipt again changes nothing and emits nothing."""
    message = begun()
    fact = receipt(message, Status.DELIVERED)
    message = decide(message, fact, NOW).message
    again = decide(message, fact, NOW)
    assert events(again) == []
    assert again.message == message


@pytest.mark.parametrize(
    ("receipts", "confirmed"), [(Receipts.NONE, False), (Receipts.SENT, False)]
)
def test_success_is_capped_at_the_last_news(receipts: Receipts, *, confirmed: bool) -> None:
    """Where a provider never reports delivery, being sent is success, marked as unconfirmed."""
    message = begun(step("email"))
    decision = decide(message, accepted(message, receipts), NOW)
    if receipts is Receipts.SENT:
        decision = decide(decision.message, receipt(decision.message, Status.SENT), NOW)
    [emitted] = [effect for effect in decision.effects if isinstance(effect, Emit)]
    assert (emitted.what, emitted.terminal, emitted.confirmed) == ("sent", True, confirmed)


def test_success_on_read_waits_for_reading() -> None:
    """A step that asks for reading is not satisfied by delivery."""
    message = begun(step(success_on=SuccessOn.READ))
    message = decide(message, receipt(message, Status.DELIVERED), NOW).message
    assert message.outcome is None
    message = decide(message, receipt(message, Status.READ), NOW).message
    assert message.outcome is Outcome.SUCCEEDED


def _second_under_way() -> Message:
    """Make a message whose WhatsApp was silent and whose SMS is dispatched."""
    message = begun()
    message = decide(message, accepted(message), NOW).message
    return decide(message, at(NOW + seconds(61)), NOW + seconds(61)).message


def test_late_success_withdraws_what_has_not_started() -> None:
    """A late delivery takes back the attempt that was dispatched meanwhile."""
    message = _second_under_way()
    asked = decide(message, receipt(message, Status.DELIVERED, attempt=0), NOW)
    assert any(isinstance(effect, Withdraw) for effect in asked.effects)
    assert events(asked) == []
    done = decide(asked.message, answered(asked.message, won=True), NOW)
    assert done.message.outcome is Outcome.SUCCEEDED
    assert done.message.state.attempts[1].status is Status.WITHDRAWN
    [emitted] = [effect for effect in done.effects if isinstance(effect, Emit)]
    assert (emitted.what, emitted.terminal, emitted.overlap) == ("delivered", True, False)


def test_late_success_that_comes_too_late_is_an_overlap() -> None:
    """When a worker had the later attempt first, the success says that both may arrive."""
    message = _second_under_way()
    asked = decide(message, receipt(message, Status.DELIVERED, attempt=0), NOW)
    done = decide(asked.message, answered(asked.message, won=False), NOW)
    [emitted] = [effect for effect in done.effects if isinstance(effect, Emit)]
    assert done.message.outcome is Outcome.SUCCEEDED
    assert emitted.overlap


def test_delivery_outranks_failure() -> None:
    """Parts of one SMS may give both: the failed attempt was delivered after all."""
    message = begun(step("sms"))
    message = decide(message, failed(message, FailureClass.UNREACHABLE), NOW).message
    message = decide(message, receipt(message, Status.DELIVERED), NOW).message
    assert message.state.attempts[0].status is Status.DELIVERED
    assert message.status is MessageStatus.DELIVERED
    assert message.outcome is Outcome.FAILED


def test_webhook_before_the_report_counts() -> None:
    """A status that comes before the worker's report is not undone by it."""
    message = begun()
    message = decide(message, receipt(message, Status.DELIVERED, source="webhook"), NOW).message
    after = decide(message, accepted(message), NOW)
    assert after.message.state.attempts[0].status is Status.DELIVERED
    assert events(after) == []


def test_flags_stand_beside_the_rank() -> None:
    """A deferral or complaint is kept and moves nothing."""
    message = begun()
    message = decide(message, accepted(message), NOW).message
    changed = decide(message, receipt(message, Status.DEFERRED), NOW)
    assert changed.message.state.attempts[0].flags == (Status.DEFERRED,)
    assert changed.message.state.attempts[0].status is Status.ACCEPTED


def test_unknown_word_is_history_only() -> None:
    """A status nobody knows changes nothing."""
    message = begun()
    changed = decide(message, receipt(message, Status.OTHER), NOW)
    assert changed.message == message
