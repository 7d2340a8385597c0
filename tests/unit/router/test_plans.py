"""What a dry run says of steps, by the rules that steps start by, and what it asks of channels."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic_core import from_json, to_json

from herald.contracts.failures import Failure
from herald.contracts.plans import ChannelPlan, Start, StepPlan
from herald.contracts.vocabulary import FailureClass, MessageStatus
from herald.contracts.work import Work, WorkContent
from router.commands import Candidate, Envelope
from router.core.clearance import Clearance, Refusal, Wait
from router.core.plans import ChannelAnswer, OpenPlan
from router.outgoing.contents import by_channel
from router.outgoing.plans import NO_ANSWER, duplicate_plan, open_plan, planned_event, questions
from unit.router.making import NOW, message, seconds, step

OPTED_OUT = Refusal("opted_out", Failure.of(FailureClass.OPTED_OUT, "opted_out"))
CONTENTS = {"whatsapp": WorkContent(text="Hi"), "sms": WorkContent(text="Hi")}


def candidate() -> Candidate:
    return Candidate(
        envelope=Envelope(body=b"{}", routing_key="message.send", message_id="cause-1"),
        message=message(step("whatsapp"), step("sms")),
        contents=to_json(CONTENTS, exclude_none=True),
        command_hash=b"",
        address_hashes=(),
        skipped=((3, "no address on email"),),
    )


def until(delay: float) -> Wait:
    return Wait(NOW + seconds(delay), "quiet_hours")


@pytest.mark.parametrize(
    ("clearance", "start", "reason", "not_before"),
    [
        (Clearance(), Start.NOW, None, None),
        (Clearance(is_queued=True), Start.QUEUED, None, None),
        (Clearance(wait=until(60)), Start.LATER, "quiet_hours", NOW + seconds(60)),
        (Clearance(wait=until(-60)), Start.NOW, None, None),
        (Clearance(wait=until(10**6)), Start.SKIPPED, "quiet_hours", NOW + seconds(10**6)),
        (Clearance(refusal=OPTED_OUT, is_queued=True), Start.SKIPPED, "opted_out", None),
    ],
)
def test_a_step_is_said_to_start_as_it_would(
    clearance: Clearance, start: Start, reason: str | None, not_before: object
) -> None:
    """What is in its way is named; what lies past the message's end never starts."""
    [found, _] = open_plan(candidate(), {1: clearance}, NOW).data.steps
    assert (found.start, found.reason, found.not_before) == (start, reason, not_before)


def test_skipped_steps_are_not_asked_about() -> None:
    """A channel is asked about what it may get."""
    plan = open_plan(candidate(), {1: Clearance(refusal=OPTED_OUT)}, NOW)
    assert plan.asked == (2,)
    assert [left.step for left in plan.data.left_out] == [3]


def test_a_learned_delay_is_said() -> None:
    """It stands instead of the step's own, with where it comes from."""
    learned = Clearance(fallback_after=timedelta(seconds=42), notes=("learned of 200",))
    [found, _] = open_plan(candidate(), {1: learned}, NOW).data.steps
    assert found.fallback_after == timedelta(seconds=42)
    assert found.notes == ("learned of 200",)


def test_a_question_is_the_work_of_a_kind_that_is_never_sent() -> None:
    """It names no message there is, and says what the work would."""
    plan = open_plan(candidate(), {}, NOW)
    first, second = (
        Work.model_validate_json(asked.body)
        for asked in questions(candidate(), plan, {}, by_channel(candidate().contents), NOW)
    )
    assert (first.kind, second.kind) == ("plan", "plan")
    assert (first.message_id, first.attempt_id) == (str(plan.id), f"{plan.id}.1.1")
    assert plan.id != candidate().message.id
    assert (first.channel, first.content.text, first.to) == ("whatsapp", "Hi", "+15550002222")


def steps_of(plan: OpenPlan, answers: dict[int, ChannelAnswer]) -> list[StepPlan]:
    data = from_json(planned_event(plan, answers).body)["data"]
    return [StepPlan.model_validate(one) for one in data["steps"]]


def test_a_channel_that_said_nothing_is_named() -> None:
    """The others' answers stand."""
    plan = open_plan(candidate(), {}, NOW)
    first, second = steps_of(plan, {1: ChannelAnswer(plan=ChannelPlan(call="now"))})
    assert (first.worker, first.no_answer) == (ChannelPlan(call="now"), None)
    assert (second.worker, second.no_answer) == (None, NO_ANSWER)


def test_an_open_plan_comes_back_as_it_was_kept() -> None:
    """Another router may end it."""
    plan = open_plan(candidate(), {1: Clearance(wait=until(60))}, NOW)
    assert OpenPlan.model_validate_json(plan.model_dump_json()) == plan


def test_of_a_message_there_is_nothing_is_asked() -> None:
    """It is a duplicate, and the event says how far the message is."""
    plan = duplicate_plan(candidate(), MessageStatus.DELIVERED, NOW)
    assert (plan.asked, plan.data.answer, plan.data.status) == ((), "duplicate", "delivered")
