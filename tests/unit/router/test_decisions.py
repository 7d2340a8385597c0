"""What a unit of work keeps of its decisions: messages that changed, one row of history a fact."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from herald.config.file import RetryRules
from herald.contracts.vocabulary import FailureClass
from router.core.facts import Due, MessageAccepted
from router.decisions import Decisions
from unit.router.making import (
    CONTEXT,
    MESSAGE_ID,
    NOW,
    accepted,
    begun,
    failed,
    message,
    seconds,
)


def _begun() -> Decisions:
    decisions = Decisions(NOW, RetryRules())
    decisions.hold([message()])
    decisions.apply(MESSAGE_ID, MessageAccepted(context=CONTEXT))
    return decisions


def test_a_fact_is_one_row_of_history() -> None:
    """The same receipt twice in one batch is one row: what it led to the first time."""
    decisions = _begun()
    fact = accepted(decisions.messages[MESSAGE_ID])
    decisions.apply(MESSAGE_ID, fact)
    decisions.apply(MESSAGE_ID, fact)
    rows = [row for (_, key), row in decisions.history.items() if key.startswith("receipt:")]
    assert [(row.note, row.status) for row in rows] == [("dispatched -> accepted", "accepted")]


def test_a_look_at_the_clock_that_changes_nothing_leaves_no_trace() -> None:
    """A timer that finds nothing due writes neither message nor history."""
    decisions = Decisions(NOW, RetryRules())
    decisions.hold([begun()])
    decisions.apply(MESSAGE_ID, Due(silence_until=NOW))
    assert decisions.history == {}
    assert decisions.changed == []


def test_a_decision_that_is_not_recorded_leaves_no_trace() -> None:
    """A message whose key was taken leaves no history, effect or count behind."""
    decisions = Decisions(NOW, RetryRules())
    assert decisions.decide(message(), MessageAccepted(context=CONTEXT)).effects
    assert not decisions.messages
    assert not decisions.history
    assert not decisions.effects
    assert not decisions.made


def test_what_is_saved_is_written_once() -> None:
    """What a flush wrote is not written again at the end, and is counted still."""
    decisions = _begun()
    decisions.saved()
    assert decisions.changed == []
    assert not decisions.history
    assert not decisions.effects
    assert len(decisions.made) == 1


def test_messages_are_written_in_the_order_of_their_ids() -> None:
    """Two routers that save the same messages meet them in one order."""
    decisions = Decisions(NOW, RetryRules())
    of_ids = [replace(message(), id=UUID(int=number)) for number in (3, 1, 2)]
    decisions.hold(of_ids)
    for one in of_ids:
        decisions.apply(one.id, MessageAccepted(context=CONTEXT))
    assert [one.id.int for one in decisions.changed] == [1, 2, 3]


def test_a_withdraw_gets_a_row_beside_the_fact_that_asked() -> None:
    """The ask and its answer are two facts of the timeline."""
    late = NOW + seconds(301)
    decisions = Decisions(late, RetryRules())
    decisions.hold([begun()])
    decisions.apply(MESSAGE_ID, Due(silence_until=late))
    pending = decisions.messages[MESSAGE_ID].pending
    assert pending is not None
    assert decisions.withdraws == [pending.attempt]
    assert [key for _, key in decisions.history] == [f"timer:start_within:{pending.attempt}"]


def test_a_failure_leaves_its_element_in_the_history() -> None:
    """The provider's own words stand beside the fact they are about."""
    decisions = _begun()
    of = decisions.messages[MESSAGE_ID]
    decisions.apply(MESSAGE_ID, failed(of, FailureClass.CONTENT, element={"code": 131047}))
    [row] = [row for row in decisions.history.values() if row.status == "failed"]
    assert row.element == '{"code":131047}'
    assert row.attempt_id == f"{MESSAGE_ID}.1.1"
