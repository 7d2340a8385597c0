"""What would become of messages: their plans as events, and the questions to channels. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.events import PLANNED_TYPE, PlannedEvent
from herald.contracts.identifiers import AttemptId, amqp_message_id, event_id_for
from herald.contracts.plans import LeftOut, PlannedData, Start, StepPlan
from herald.contracts.topology import OUTBOUND, message_event_key, outbound_key
from herald.contracts.vocabulary import CommandAnswer, MessageStatus
from router.commands import Candidate
from router.core.clearance import CLEAR, Clearance
from router.core.draft import Draft
from router.core.effects import Dispatch
from router.core.hops import refusal_of
from router.core.message import Message
from router.core.plans import Answers, ChannelAnswer, OpenPlan
from router.outgoing.contents import StoredContents, said_by
from router.outgoing.effects import work_of
from router.outgoing.events import event_message
from router.outgoing.unchecked import write_known

WORK_TYPE = "herald.work.plan.v1"
NO_ANSWER = "no worker of the channel answered in time"
REFUSED = "the channel's worker can't: it is of an earlier version, or failed"

Cleared = Mapping[int, Clearance]  # by step


def open_plan(candidate: Candidate, cleared: Cleared, now: datetime) -> OpenPlan:
    """Say what is known of a message that would be accepted, and which channels to ask."""
    steps = [
        _step(candidate.message, number, cleared.get(number, CLEAR), now)
        for number in range(1, len(candidate.message.plan.steps) + 1)
    ]
    return _plan(
        candidate,
        _data(candidate, CommandAnswer.ACCEPTED, now, steps=tuple(steps)),
        [step.step for step in steps if step.start is not Start.SKIPPED],
    )


def duplicate_plan(candidate: Candidate, status: MessageStatus, now: datetime) -> OpenPlan:
    """Say that nothing would be sent: there is such a message, and it is `status`."""
    data = _data(candidate, CommandAnswer.DUPLICATE, now, steps=())
    return _plan(candidate, data.model_copy(update={"status": status}), [])


def questions(
    candidate: Candidate,
    plan: OpenPlan,
    cleared: Cleared,
    contents: StoredContents,
    now: datetime,
) -> list[OutgoingMessage]:
    """Ask each step's channel: the work that it would get, of a kind that is never sent."""
    return [
        _question(candidate.message, plan, number, cleared.get(number, CLEAR), contents, now)
        for number in plan.asked
    ]


def planned_event(plan: OpenPlan, answers: Answers) -> OutgoingMessage:
    """Publish a plan with what its channels said; one that said nothing did not in time."""
    steps = [
        _answered(step, answers.get(step.step)) if step.step in plan.asked else step
        for step in plan.data.steps
    ]
    data = plan.data.model_copy(update={"steps": tuple(steps)})
    event = PlannedEvent(
        id=str(plan.id),
        type=PLANNED_TYPE,
        subject=data.message_id,
        time=data.received_at,
        data=data,
    )
    key = message_event_key("planned", data.tenant)
    return event_message(event, key, plan.correlation_id, plan.trace)


def _answered(step: StepPlan, answer: ChannelAnswer | None) -> StepPlan:
    answer = answer or ChannelAnswer(no_answer=NO_ANSWER)
    return step.model_copy(update={"worker": answer.plan, "no_answer": answer.no_answer})


def _step(message: Message, number: int, clearance: Clearance, now: datetime) -> StepPlan:
    """Say what `begin_step` would do with a step, by its own rules."""
    step = message.plan.steps[number - 1]
    refusal, wait = refusal_of(message.plan, clearance), clearance.wait
    is_waiting = wait is not None and wait.until > now
    start = Start.NOW
    if refusal is not None:
        start = Start.SKIPPED
    elif is_waiting:
        start = Start.LATER
    elif clearance.is_queued:
        start = Start.QUEUED
    reason = refusal.reason if refusal is not None else None
    if start is Start.LATER and wait is not None:
        reason = wait.reason
    return StepPlan(
        step=number,
        channel=step.channel,
        sender=step.sender,
        says=step.says,
        start=start,
        reason=reason,
        failure=refusal.failure if refusal is not None else None,
        not_before=wait.until if is_waiting and wait is not None else None,
        success_on=step.success_on,
        fallback_after=clearance.fallback_after or step.fallback_after,
        start_within=step.start_within,
        notes=clearance.notes,
    )


def _data(
    candidate: Candidate, answer: CommandAnswer, now: datetime, *, steps: tuple[StepPlan, ...]
) -> PlannedData:
    message, plan = candidate.message, candidate.message.plan
    return PlannedData(
        message_id=str(message.id),
        tenant=message.tenant,
        idempotency_key=message.idempotency_key,
        answer=answer,
        category=plan.category,
        lane=plan.lane,
        route=plan.route,
        sender=plan.sender,
        send_at=plan.send_at,
        expires_at=plan.expires_at,
        steps=steps,
        left_out=tuple(LeftOut(step=step, reason=why) for step, why in candidate.skipped),
        received_at=now,
    )


def _plan(candidate: Candidate, data: PlannedData, asked: Sequence[int]) -> OpenPlan:
    context = candidate.envelope.context
    return OpenPlan(
        id=UUID(event_id_for(data.message_id, PLANNED_TYPE, context.cause)),
        asked=tuple(asked),
        data=data,
        correlation_id=context.correlation_id,
        trace=context.trace,
    )


def _question(
    message: Message,
    plan: OpenPlan,
    number: int,
    clearance: Clearance,
    contents: StoredContents,
    now: datetime,
) -> OutgoingMessage:
    draft = Draft(message, now, plan.data.message_id)
    draft.start_attempt(number, clearance)
    [attempt] = [effect.attempt for effect in draft.effects if isinstance(effect, Dispatch)]
    work = work_of(draft.message, attempt, said_by(attempt, contents))
    # named by the dry run: there is no such message, whatever becomes of this work
    name = str(AttemptId(plan.id, number, 1))
    work |= {"kind": "plan", "attempt_id": name, "message_id": str(plan.id)}
    return OutgoingMessage(
        exchange=OUTBOUND,
        routing_key=outbound_key(work["channel"], work["lane"]),
        body=write_known(work),
        message_id=amqp_message_id("plan", name),
        type=WORK_TYPE,
        correlation_id=plan.correlation_id,
    )
