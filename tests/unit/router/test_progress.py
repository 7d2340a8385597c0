"""How far attempts are, for those who measure: waiting, unknown, accepted, with the recipient."""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass, Receipts, Status
from router.core.decide import decide
from router.core.facts import Fact
from router.core.message import Message
from router.core.progress import (
    has_reached_recipient,
    is_accepted,
    unknown_channels,
    waiting_attempt,
)
from unit.router.making import (
    NOW,
    accepted,
    answered,
    at,
    begun,
    cancel,
    failed,
    message,
    receipt,
    returned,
    seconds,
    step,
)


def after(of: Message, *facts: Fact) -> Message:
    for fact in facts:
        of = decide(of, fact, NOW).message
    return of


def waits(of: Message) -> str | None:
    attempt = waiting_attempt(of)
    return None if attempt is None else attempt.channel


def test_work_waits_from_its_dispatch_to_the_first_report() -> None:
    """Not before its hour has come, and not once a worker has said anything of it."""
    assert waits(message(send_at=NOW + seconds(60))) is None
    of = begun()
    assert waits(of) == "whatsapp"
    for status in (Status.ACCEPTED, Status.UNKNOWN, Status.SENT):
        assert waits(after(of, receipt(of, status))) is None


def test_work_that_came_back_waits() -> None:
    """It is handed out again, and its time counts from the first dispatch."""
    of = begun()
    of = after(of, returned(of, wait=30))
    attempt = waiting_attempt(of)
    assert attempt is not None
    assert attempt.dispatched_at == NOW


def test_the_next_step_waits_in_its_own_queue() -> None:
    """After a failure the work is another channel's."""
    of = begun()
    assert waits(after(of, failed(of, FailureClass.UNREACHABLE))) == "sms"


def test_nothing_waits_after_the_end() -> None:
    """Work that was taken back is no backlog, though it may lie in its queue still."""
    of = after(begun(), cancel())
    of = after(of, answered(of, won=True))
    assert waits(of) is None


def test_a_result_is_unknown_until_anything_is_known() -> None:
    """Also while another step is tried; not once the message has ended."""
    of = begun()
    of = after(of, receipt(of, Status.UNKNOWN))
    assert unknown_channels(of) == ["whatsapp"]
    late = decide(of, at(NOW + seconds(90)), NOW + seconds(90)).message
    assert (unknown_channels(late), waits(late)) == (["whatsapp"], "sms")
    assert unknown_channels(after(late, receipt(late, Status.SENT, attempt=0))) == []
    over = after(late, receipt(late, Status.DELIVERED))
    assert over.outcome is not None
    assert unknown_channels(over) == []


def test_what_failed_was_accepted_if_its_provider_named_it() -> None:
    """A refused call has no id of the provider's; what it gave up later has one."""
    of = begun(step("sms"))
    refused = after(of, failed(of, FailureClass.UNREACHABLE, references=()))
    given_up = after(of, accepted(of), failed(of, FailureClass.UNREACHABLE))
    assert [is_accepted(one.state.attempts[0]) for one in (of, refused, given_up)] == [
        False,
        False,
        True,
    ]


def test_a_recipient_is_reached_as_far_as_the_provider_ever_says() -> None:
    """Where nothing comes after the acceptance, that is all there is to know."""
    of = begun(step("email"))
    silent = after(of, accepted(of, Receipts.NONE))
    reporting = after(of, accepted(of, Receipts.READ), receipt(of, Status.SENT))
    assert has_reached_recipient(silent.state.attempts[0])
    assert not has_reached_recipient(reporting.state.attempts[0])
    delivered = after(reporting, receipt(reporting, Status.DELIVERED))
    assert has_reached_recipient(delivered.state.attempts[0])
