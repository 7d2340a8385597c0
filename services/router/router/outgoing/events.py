"""The events that users hear: what happened to messages, and answers to commands. Pure."""

from __future__ import annotations

from datetime import datetime

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.events import (
    SOURCE,
    AccountData,
    CommandData,
    Event,
    InboundData,
    MessageData,
    RecipientData,
    event_type,
)
from herald.contracts.identifiers import event_id_for
from herald.contracts.plans import PlannedData
from herald.contracts.topology import EVENTS, command_event_key, message_event_key
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import CommandAnswer
from router.core.effects import Answer, Emit
from router.core.message import Message
from router.outgoing.unchecked import Fields, fields_of, write

command_data = fields_of(CommandData)
_message_data = fields_of(MessageData)


def message_event(message: Message, emit: Emit, now: datetime) -> OutgoingMessage:
    """Say what happened to a message."""
    attempt, receipt, subject = emit.attempt, emit.receipt, str(message.id)
    data = _message_data(
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
    key = message_event_key(emit.what, message.tenant)
    at, correlation_id = data["occurred_at"], message.plan.correlation_id
    return _event(kind, subject, emit.cause, at, data, key, correlation_id)


def answer_event(message: Message, answer: Answer, now: datetime) -> OutgoingMessage:
    """Answer a command about a message that exists."""
    accepted, subject = answer.answer is CommandAnswer.ACCEPTED, str(message.id)
    data = command_data(
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
    data: Fields,
    subject: str,
    cause: str,
    correlation_id: str | None,
    now: datetime,
    trace: TraceContext | None = None,
) -> OutgoingMessage:
    """Answer a command, or say that what it asked for is complete."""
    kind, key = event_type("command", answer), command_event_key(answer, data["tenant"])
    return _event(kind, subject, cause, now, data, key, correlation_id, trace)


def event_message(
    event: Event[PlannedData] | Event[InboundData] | Event[AccountData] | Event[RecipientData],
    routing_key: str,
    correlation_id: str | None,
    trace: TraceContext | None = None,
) -> OutgoingMessage:
    """Publish an event that its model has checked, under the event's own id."""
    body = event.model_dump_json().encode()
    return _message(event.id, event.type, body, routing_key, correlation_id, trace)


def _event(
    kind: str,
    subject: str,
    cause: str,
    time: datetime,
    data: Fields,
    routing_key: str,
    correlation_id: str | None,
    trace: TraceContext | None = None,
) -> OutgoingMessage:
    """Publish an event of each message's, as `Event` would be written."""
    name = event_id_for(subject, kind, cause)
    body = write(
        {
            "specversion": "1.0",
            "id": name,
            "source": SOURCE,
            "type": kind,
            "subject": subject,
            "time": time,
            "datacontenttype": "application/json",
            "data": data,
        }
    )
    return _message(name, kind, body, routing_key, correlation_id, trace)


def _message(
    name: str,
    kind: str,
    body: bytes,
    routing_key: str,
    correlation_id: str | None,
    trace: TraceContext | None,
) -> OutgoingMessage:
    """Make the message of an event; nobody listening is normal."""
    return OutgoingMessage(
        exchange=EVENTS,
        routing_key=routing_key,
        body=body,
        message_id=name,
        type=kind,
        correlation_id=correlation_id,
        headers={} if trace is None else trace.headers,
        mandatory=False,
    )


def _resent_from(message: Message) -> str | None:
    return str(message.plan.resent_from) if message.plan.resent_from else None
