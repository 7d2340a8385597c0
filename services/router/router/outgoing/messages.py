"""Effects as frames: work for channels, events and answers for users. Pure."""

from __future__ import annotations

from datetime import datetime

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.content import ChannelContent
from herald.contracts.events import (
    AccountData,
    CommandData,
    Event,
    InboundData,
    MessageData,
    event_type,
)
from herald.contracts.identifiers import UNKNOWN_TENANT, amqp_message_id, event_id_for
from herald.contracts.receipts import AccountReceipt, InboundReceipt
from herald.contracts.topology import (
    EVENTS,
    OUTBOUND,
    account_event_key,
    command_event_key,
    inbound_event_key,
    message_event_key,
    outbound_key,
)
from herald.contracts.vocabulary import CommandAnswer
from herald.contracts.work import Work, WorkContent
from router.commands import Rejection
from router.core.effects import Answer, Emit
from router.core.fallback import avoided_accounts
from router.core.message import Attempt, Message
from router.dead_letters import DeadLetterAct

WORK_TYPE = "herald.work.send.v1"
INBOUND_TYPE = event_type("inbound", "received")
ACCOUNT_TYPE = event_type("account", "updated")
# what an event tells as the receipt does
_INBOUND_AS_TOLD = (InboundData.model_fields.keys() & InboundReceipt.model_fields.keys()) - {
    "in_reply_to",
    "occurred_at",
}
_UPDATE_AS_TOLD = (AccountData.model_fields.keys() & AccountReceipt.model_fields.keys()) - {
    "occurred_at"
}


def work_frame(message: Message, attempt: Attempt, content: ChannelContent) -> OutgoingMessage:
    """Hand an attempt to its channel."""
    plan, step = message.plan, message.step(attempt)
    attempt_id = str(message.attempt_id(attempt))
    work = Work(
        attempt_id=attempt_id,
        dispatch=attempt.dispatch,
        message_id=str(message.id),
        tenant=message.tenant,
        channel=step.channel,
        lane=plan.lane,
        category=plan.category,
        to=step.address,
        recipient_name=plan.recipient_name,
        sender=step.sender,
        account=step.account,
        avoid=avoided_accounts(message, attempt.step),
        content=WorkContent.model_construct(**dict(content)),
        # not start_within: silence may be held after an outage, and then a late start is right. The
        # router takes the attempt back when its time is over.
        not_after=plan.expires_at,
        correlation_id=plan.correlation_id,
    )
    return OutgoingMessage(
        exchange=OUTBOUND,
        routing_key=outbound_key(step.channel, plan.lane),
        body=work.model_dump_json(exclude_none=True).encode(),
        message_id=amqp_message_id("work", attempt_id, str(attempt.dispatch)),
        type=WORK_TYPE,
        correlation_id=plan.correlation_id,
    )


def message_event(message: Message, emit: Emit, now: datetime) -> OutgoingMessage:
    """Tell what happened to a message."""
    attempt, receipt = emit.attempt, emit.receipt
    data = MessageData(
        message_id=str(message.id),
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
        confirmed=emit.confirmed,
        overlap=emit.overlap,
        idempotency_key=message.idempotency_key,
        resent_from=_resent_from(message),
        metadata=message.plan.metadata,
    )
    kind = event_type("message", emit.what)
    event = Event[MessageData](
        id=event_id_for(str(message.id), kind, emit.cause),
        type=kind,
        subject=str(message.id),
        time=data.occurred_at,
        data=data,
    )
    key = message_event_key(emit.what, message.tenant)
    return _event_frame(event, key, message.plan.correlation_id)


def answer_event(message: Message, answer: Answer, now: datetime) -> OutgoingMessage:
    """Answer a command about a message that exists."""
    accepted = answer.answer is CommandAnswer.ACCEPTED
    data = CommandData(
        command=answer.context.routing_key,
        tenant=message.tenant,
        message_id=str(message.id),
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
        str(message.id),
        answer.context.cause,
        answer.context.correlation_id,
        now,
    )


def rejection_event(rejected: Rejection, now: datetime) -> OutgoingMessage:
    """Refuse a command, naming the field at fault."""
    context = rejected.envelope.context
    data = CommandData(
        command=context.routing_key,
        tenant=rejected.tenant,
        message_id=rejected.message_id,
        idempotency_key=rejected.idempotency_key,
        field=rejected.field,
        reason=rejected.reason,
    )
    return command_event(
        CommandAnswer.REJECTED, data, context.cause, context.cause, context.correlation_id, now
    )


def dead_letter_answer(done: DeadLetterAct, now: datetime) -> OutgoingMessage:
    """Answer an operator's command about a dead letter, to the tenant whose letter it is."""
    context, letter = done.envelope.context, done.letter
    data = CommandData(
        command=context.routing_key,
        tenant=(letter.tenant if letter else None) or UNKNOWN_TENANT,
        message_id=str(done.message_id) if done.message_id else None,
        idempotency_key=letter.idempotency_key if letter else None,
        field=done.field,
        reason=done.reason,
        dead_letter=done.letter_id,
    )
    return command_event(
        done.answer, data, context.cause, context.cause, context.correlation_id, now
    )


def inbound_event_id(receipt: InboundReceipt) -> str:
    """Name the event of a recipient's message: the same for every time the provider tells it."""
    return event_id_for(_inbound_subject(receipt), INBOUND_TYPE, "received")


def inbound_event(
    receipt: InboundReceipt, tenant: str, in_reply_to: str | None, *, raw: bool = False
) -> OutgoingMessage:
    """Tell what a recipient sent; with `raw` also as the provider told it."""
    occurred_at = receipt.occurred_at or receipt.received_at
    data = InboundData(
        **{name: getattr(receipt, name) for name in _INBOUND_AS_TOLD},
        tenant=tenant,
        provider_message_id=receipt.reference,
        in_reply_to=in_reply_to,
        answers=receipt.in_reply_to,
        occurred_at=occurred_at,
        raw=receipt.element if raw else None,
    )
    event = Event[InboundData](
        id=inbound_event_id(receipt),
        type=INBOUND_TYPE,
        subject=_inbound_subject(receipt),
        time=occurred_at,
        data=data,
    )
    return _event_frame(event, inbound_event_key(receipt.channel, tenant), None)


def account_event(receipt: AccountReceipt, tenant: str) -> OutgoingMessage:
    """Tell one of an account's tenants what is new about it."""
    occurred_at = receipt.occurred_at or receipt.received_at
    data = AccountData(
        **{name: getattr(receipt, name) for name in _UPDATE_AS_TOLD},
        tenant=tenant,
        occurred_at=occurred_at,
        raw=receipt.element,
    )
    subject = f"{receipt.provider}/{receipt.account}"
    event = Event[AccountData](
        id=event_id_for(subject, ACCOUNT_TYPE, f"{tenant}/{receipt.event_key}"),
        type=ACCOUNT_TYPE,
        subject=subject,
        time=occurred_at,
        data=data,
    )
    return _event_frame(event, account_event_key("updated", tenant), None)


def _inbound_subject(receipt: InboundReceipt) -> str:
    return f"{receipt.provider}/{receipt.account}/{receipt.reference}"


def command_event(
    answer: CommandAnswer | str,
    data: CommandData,
    subject: str,
    cause: str,
    correlation_id: str | None,
    now: datetime,
) -> OutgoingMessage:
    """Tell something of a command: its answer, or that it is done."""
    kind = event_type("command", answer)
    event = Event[CommandData](
        id=event_id_for(subject, kind, cause), type=kind, subject=subject, time=now, data=data
    )
    return _event_frame(event, command_event_key(answer, data.tenant), correlation_id)


def _resent_from(message: Message) -> str | None:
    return str(message.plan.resent_from) if message.plan.resent_from else None


def _event_frame(
    event: Event[MessageData] | Event[CommandData] | Event[InboundData] | Event[AccountData],
    routing_key: str,
    correlation_id: str | None,
) -> OutgoingMessage:
    return OutgoingMessage(
        exchange=EVENTS,
        routing_key=routing_key,
        body=event.model_dump_json().encode(),
        message_id=event.id,
        type=event.type,
        correlation_id=correlation_id,
        mandatory=False,
    )
