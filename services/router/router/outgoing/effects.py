"""What a decision's effects publish: work for a channel, events and answers for users. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.content import ChannelContent
from herald.contracts.events import (
    AccountData,
    CommandData,
    CommandEvent,
    Event,
    InboundData,
    MessageData,
    MessageEvent,
    RecipientData,
    event_type,
)
from herald.contracts.identifiers import amqp_message_id, event_id_for
from herald.contracts.plans import PlannedData
from herald.contracts.topology import (
    EVENTS,
    OUTBOUND,
    command_event_key,
    message_event_key,
    outbound_key,
)
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import CommandAnswer
from herald.contracts.work import Work, WorkContent
from router.core.effects import Answer, Dispatch, Effect, Emit
from router.core.fallback import avoided_accounts, tried_accounts
from router.core.message import Attempt, Message, step_content_name
from router.outgoing.unsubscribe import UnsubscribeLinks

WORK_TYPE = "herald.work.send.v1"


def outgoing_message(
    message: Message,
    effect: Effect,
    contents: Mapping[UUID, Mapping[str, WorkContent]],
    now: datetime,
    links: UnsubscribeLinks | None = None,
) -> OutgoingMessage | None:
    """Return what an effect publishes, if anything; work needs the message's contents."""
    if isinstance(effect, Dispatch):
        content = said_by(effect.attempt, contents[message.id])
        return work_message(message, effect.attempt, content, links)
    if isinstance(effect, Emit):
        return message_event(message, effect, now)
    if isinstance(effect, Answer):
        return answer_event(message, effect, now)
    return None


def said_by(attempt: Attempt, contents: Mapping[str, WorkContent]) -> WorkContent:
    """Return what an attempt says: what its channel does, or the template for outside a window."""
    content = contents[attempt.channel]
    if not attempt.says_template:
        return content
    own = contents.get(step_content_name(attempt.channel, attempt.step))
    template = content.outside_window or (own.template if own is not None else None)
    return WorkContent.model_construct(template=template, in_reply_to=content.in_reply_to)


def work_message(
    message: Message,
    attempt: Attempt,
    content: ChannelContent,
    links: UnsubscribeLinks | None = None,
) -> OutgoingMessage:
    """Hand an attempt to its channel."""
    work = work_of(message, attempt, content, links)
    return OutgoingMessage(
        exchange=OUTBOUND,
        routing_key=outbound_key(work.channel, work.lane),
        body=work.model_dump_json(exclude_none=True).encode(),
        message_id=amqp_message_id("work", work.attempt_id, str(work.dispatch)),
        type=WORK_TYPE,
        correlation_id=work.correlation_id,
    )


def work_of(
    message: Message,
    attempt: Attempt,
    content: ChannelContent,
    links: UnsubscribeLinks | None = None,
) -> Work:
    """Say what a worker needs to know to make an attempt."""
    plan, step = message.plan, message.step(attempt)
    return Work(
        attempt_id=str(message.attempt_id(attempt)),
        dispatch=attempt.dispatch,
        message_id=str(message.id),
        tenant=message.tenant,
        channel=step.channel,
        lane=plan.lane,
        category=plan.category,
        to=step.address,
        recipient_name=plan.recipient_name,
        sender=step.sender,
        account=attempt.only_account or step.account,
        # before the first try of a step nothing of it has failed
        avoid=avoided_accounts(message, attempt.step) if attempt.number > 1 else (),
        tried=tried_accounts(message, attempt.step) if attempt.number > 1 else (),
        content=_said_now(content),
        # not start_within: silence may be held after an outage, and then a late start is right. The
        # router takes the attempt back when its time is over.
        not_after=plan.expires_at,
        correlation_id=plan.correlation_id,
        grant=attempt.grant,
        unsubscribe_url=None if links is None else links.url_for(message, attempt),
    )


def _said_now(content: ChannelContent) -> WorkContent:
    """Leave out what is said at other times."""
    if isinstance(content, WorkContent) and content.outside_window is None:
        return content
    return WorkContent.model_construct(**{**dict(content), "outside_window": None})


def message_event(message: Message, emit: Emit, now: datetime) -> OutgoingMessage:
    """Say what happened to a message."""
    attempt, receipt, subject = emit.attempt, emit.receipt, str(message.id)
    data = MessageData(
        message_id=subject,
        tenant=message.tenant,
        status=emit.status,
        outcome=emit.outcome,
        terminal=emit.terminal,
        late=emit.late,
        sequence=emit.sequence,
        occurred_at=(receipt.occurred_at if receipt else None) or now,
        received_at=receipt.received_at if receipt else now,
        step=attempt.step if attempt else None,
        attempt_id=str(message.attempt_id(attempt)) if attempt else None,
        channel=attempt.channel if attempt else None,
        provider=attempt.provider if attempt else None,
        account=attempt.account if attempt else None,
        provider_message_id=attempt.reference if attempt else None,
        failure=emit.failure or (attempt.failure if attempt else None),
        fallback=emit.fallback,
        waits=emit.waits,
        confirmed=emit.confirmed,
        overlap=emit.overlap,
        idempotency_key=message.idempotency_key,
        resent_from=_resent_from(message),
        metadata=message.plan.metadata,
    )
    kind = event_type("message", emit.what)
    event = MessageEvent(
        id=event_id_for(subject, kind, emit.cause),
        type=kind,
        subject=subject,
        time=data.occurred_at,
        data=data,
    )
    key = message_event_key(emit.what, message.tenant)
    return event_message(event, key, message.plan.correlation_id)


def answer_event(message: Message, answer: Answer, now: datetime) -> OutgoingMessage:
    """Answer a command about a message that exists."""
    accepted, subject = answer.answer is CommandAnswer.ACCEPTED, str(message.id)
    data = CommandData(
        command=answer.context.routing_key,
        tenant=message.tenant,
        message_id=subject,
        idempotency_key=message.idempotency_key,
        status=answer.status,
        outcome=answer.outcome,
        reason=answer.reason,
        channels=[step.channel for step in message.plan.steps] if accepted else None,
        expires_at=message.plan.expires_at if accepted else None,
        resent_from=_resent_from(message),
    )
    return command_event(
        answer.answer,
        data,
        subject,
        answer.context.cause,
        answer.context.correlation_id,
        now,
        answer.context.trace,
    )


def command_event(
    answer: CommandAnswer | str,
    data: CommandData,
    subject: str,
    cause: str,
    correlation_id: str | None,
    now: datetime,
    trace: TraceContext | None = None,
) -> OutgoingMessage:
    """Answer a command, or say that what it asked for is complete."""
    kind = event_type("command", answer)
    event = CommandEvent(
        id=event_id_for(subject, kind, cause), type=kind, subject=subject, time=now, data=data
    )
    return event_message(event, command_event_key(answer, data.tenant), correlation_id, trace)


def event_message(
    event: Event[MessageData]
    | Event[PlannedData]
    | Event[CommandData]
    | Event[InboundData]
    | Event[AccountData]
    | Event[RecipientData],
    routing_key: str,
    correlation_id: str | None,
    trace: TraceContext | None = None,
) -> OutgoingMessage:
    """Publish an event under its own id; nobody listening is normal."""
    return OutgoingMessage(
        exchange=EVENTS,
        routing_key=routing_key,
        body=event.model_dump_json().encode(),
        message_id=event.id,
        type=event.type,
        correlation_id=correlation_id,
        headers={} if trace is None else trace.headers,
        mandatory=False,
    )


def _resent_from(message: Message) -> str | None:
    return str(message.plan.resent_from) if message.plan.resent_from else None
