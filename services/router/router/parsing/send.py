"""`message.send`: from its bytes and the configuration to a message ready to be accepted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json

from herald.config.file import HeraldFile
from herald.config.steps import end_of, route_name, sender_name
from herald.contracts.commands import SendMessage
from herald.contracts.identifiers import message_id_for
from herald.contracts.masking import masking_key
from herald.contracts.vocabulary import Lane
from herald.database.uuids import DatabaseUuid
from router.commands import Candidate, Envelope, Rejection, UnusableError
from router.core.message import Message, Plan, State
from router.core.quiet_hours import zones_of_phones
from router.parsing.refusals import (
    MAX_ECHO,
    check_envelope,
    check_id,
    check_tenant,
    rejection,
)
from router.parsing.stages import Stages, read_side_by_side
from router.parsing.steps import plan_steps

_OVERRIDES = {"__all__": {"overrides"}}  # of every content: each channel's is in what is kept of it


def read_sends(
    envelopes: Iterable[Envelope], configuration: HeraldFile, lane: Lane, now: datetime
) -> list[Candidate | Rejection]:
    """Read `message.send` commands against the configuration; a refusal for each invalid one."""
    return read_side_by_side(_read(one, configuration, lane, now) for one in envelopes)


def _read(
    envelope: Envelope, configuration: HeraldFile, lane: Lane, now: datetime
) -> Stages[Candidate | Rejection]:
    try:
        check_envelope(envelope)
        return (yield from _read_valid(envelope, configuration, lane, now))
    except (ValidationError, UnusableError) as error:
        return rejection(envelope, configuration, error)


def _read_valid(
    envelope: Envelope, configuration: HeraldFile, lane: Lane, now: datetime
) -> Stages[Candidate]:
    command = SendMessage.model_validate_json(envelope.body)
    yield
    check_tenant(command.tenant, envelope, configuration)
    key, message_id = _names(command, envelope)
    planned = plan_steps(command, configuration)
    yield
    command_hash = command.fingerprint()
    yield
    contents = to_json(
        {**planned.contents, **planned.outside}, exclude_none=True, exclude=_OVERRIDES
    )
    yield
    scheduled = command.send_at if command.send_at and command.send_at > now else None
    plan = Plan(
        steps=planned.steps,
        category=command.category,
        lane=lane,
        expires_at=end_of(command, configuration, now),
        send_at=scheduled,
        recipient_name=command.to.name,
        correlation_id=envelope.correlation_id,
        trace=envelope.trace,
        metadata=command.metadata,
        route=route_name(command, configuration),
        sender=sender_name(command, configuration),
        timezones=_timezones(command, configuration),
    )
    return Candidate(
        envelope=envelope,
        message=Message(
            id=message_id,
            tenant=command.tenant,
            idempotency_key=key,
            created_at=now,
            plan=plan,
            state=State(send_at=scheduled, expire_at=plan.expires_at),
        ),
        contents=contents,
        command_hash=command_hash,
        address_hashes=masking_key().hashes(step.address for step in plan.steps),
        skipped=planned.skipped,
        is_dry_run=command.dry_run,
        in_reply_to=command.in_reply_to,
        remarks=tuple(_templates(plan)),
    )


def _names(command: SendMessage, envelope: Envelope) -> tuple[str, UUID]:
    """Return the message's idempotency key and its id."""
    key = command.idempotency_key or (str(command.id) if command.id else envelope.message_id)
    if not key or len(key) > MAX_ECHO:
        raise UnusableError("idempotency_key", "give idempotency_key, id or an AMQP message_id")
    own_id = message_id_for(command.tenant, key, DatabaseUuid)
    check_id(command.id, own_id)
    return key, command.id or own_id


def _templates(plan: Plan) -> Iterator[tuple[str, str]]:
    """Say for the history which template each step's content comes from."""
    for number, step in enumerate(plan.steps, start=1):
        if step.says is not None:
            yield f"step:{number}:template", f"{step.channel} says {step.says}"


def _timezones(command: SendMessage, configuration: HeraldFile) -> tuple[str, ...]:
    """Return where the recipient's clock may be, as far as quiet hours will ask for it."""
    if command.to.timezone is not None:
        return (command.to.timezone,)
    if configuration.quiet_hours_of(command.tenant, command.category) is None:
        return ()
    return zones_of_phones(filter(None, (command.to.phone, command.to.whatsapp)))
