"""Answers to commands that are about no stored message, and the end of an erasure. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.events import COMPLETED
from herald.contracts.identifiers import UNKNOWN_TENANT
from herald.contracts.vocabulary import CommandAnswer
from router.commands import Envelope, ErasureRequest, Rejection
from router.dead_letters import DeadLetterAct
from router.outgoing.events import command_data, command_event
from router.outgoing.unchecked import Fields


def rejection_event(rejected: Rejection, now: datetime) -> OutgoingMessage:
    """Refuse a command, naming the field at fault."""
    context = rejected.envelope.context
    data = command_data(
        command=context.routing_key,
        tenant=rejected.tenant,
        message_id=rejected.message_id,
        idempotency_key=rejected.idempotency_key,
        field=rejected.field,
        reason=rejected.reason,
    )
    return command_event(
        CommandAnswer.REJECTED,
        data,
        context.cause,
        context.cause,
        context.correlation_id,
        now,
        context.trace,
    )


def dead_letter_answer(done: DeadLetterAct, now: datetime) -> OutgoingMessage:
    """Answer an operator's command about a dead letter, to the tenant whose letter it is."""
    context, dead_letter = done.envelope.context, done.dead_letter
    data = command_data(
        command=context.routing_key,
        tenant=(dead_letter.tenant if dead_letter else None) or UNKNOWN_TENANT,
        message_id=str(done.message_id) if done.message_id else None,
        idempotency_key=dead_letter.idempotency_key if dead_letter else None,
        field=done.field,
        reason=done.reason,
        dead_letter=done.dead_letter_id,
    )
    return command_event(
        done.answer,
        data,
        context.cause,
        context.cause,
        context.correlation_id,
        now,
        context.trace,
    )


def consent_answer(
    envelope: Envelope, tenant: str, answer: CommandAnswer, now: datetime
) -> OutgoingMessage:
    """Answer a command that suppresses a recipient, or lifts it."""
    context = envelope.context
    return command_event(
        answer,
        command_data(command=context.routing_key, tenant=tenant),
        context.cause,
        context.cause,
        context.correlation_id,
        now,
        context.trace,
    )


def erasure_answer(asked: ErasureRequest, answer: CommandAnswer, now: datetime) -> OutgoingMessage:
    """Answer a command that asks for an erasure."""
    return _erasure_event(asked, answer, _erasure_data(asked), now)


def erased_event(
    asked: ErasureRequest, erased: Mapping[str, int], now: datetime
) -> OutgoingMessage:
    """Say that an erasure is complete, and how much was erased by table."""
    data = _erasure_data(asked) | {"erased": dict(erased)}
    return _erasure_event(asked, COMPLETED, data, now)


def _erasure_data(asked: ErasureRequest) -> Fields:
    return command_data(
        command=asked.routing_key, tenant=asked.tenant or UNKNOWN_TENANT, erasure_id=str(asked.id)
    )


def _erasure_event(
    asked: ErasureRequest, answer: CommandAnswer | str, data: Fields, now: datetime
) -> OutgoingMessage:
    return command_event(answer, data, str(asked.id), asked.cause, asked.correlation_id, now)
