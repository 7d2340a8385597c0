"""Commands at the door: bytes in, a message ready to be accepted or a refusal out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from herald.config.file import HeraldFile
from herald.contracts.commands import MAX_COMMAND_BYTES, CancelMessage, SendMessage
from herald.contracts.identifiers import UNKNOWN_TENANT, body_id, message_id_for
from herald.contracts.masking import masking_key
from herald.contracts.text import storable
from herald.contracts.validation_errors import validation_errors_of
from herald.contracts.vocabulary import Lane
from router.core.facts import CommandContext
from router.core.message import Message, Plan, State
from router.planning import UnusableError, plan_steps, route_name, sender_name

_MAX_ECHO = 255
_OWN_VERSION = 5  # of the ids that the router computes
_FURTHEST = timedelta(days=3660)  # beyond any sense, and below what a date can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A command as it arrived."""

    body: bytes
    routing_key: str
    message_id: str | None = None
    correlation_id: str | None = None
    redelivered: bool = False
    user: str | None = None  # the broker's user who published it, where the producer named it

    @property
    def context(self) -> CommandContext:
        """Where its answer goes; named by its message id, or by its bytes if it has none.

        What can't be stored is replaced in it, so that a refusal can always be answered and kept.
        """
        return CommandContext(
            routing_key=storable(self.routing_key),
            cause=storable(self.message_id) or body_id(self.body),
            correlation_id=storable(self.correlation_id),
            user=storable(self.user),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A message that may be accepted, if its id and key are free."""

    envelope: Envelope
    message: Message
    contents: bytes  # JSON: what each channel of the plan says
    command_hash: bytes
    skipped: tuple[tuple[int, str], ...] = ()  # steps of the route left out, and why
    address_hashes: tuple[int, ...] = field(init=False)  # what the message is found by

    def __post_init__(self) -> None:
        """Hash the addresses here, before any transaction."""
        addresses = (step.address for step in self.message.plan.steps)
        object.__setattr__(self, "address_hashes", masking_key().hashes(addresses))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A command refused, with the field at fault."""

    envelope: Envelope
    field: str
    reason: str
    tenant: str = UNKNOWN_TENANT
    idempotency_key: str | None = None
    stand_in: str | None = None  # what is the key where none was given: the id, or the message_id
    message_id: str | None = None  # of the message that holds the key, where there is one


def read_send(
    envelope: Envelope, lane: Lane, configuration: HeraldFile, now: datetime
) -> Candidate | Rejection:
    """Read a `message.send` command against the configuration."""
    try:
        check_envelope(envelope)
        command = SendMessage.model_validate_json(envelope.body)
        return _candidate(envelope, command, lane, configuration, now)
    except (ValidationError, UnusableError) as error:
        return rejection(envelope, error, configuration)


def read_cancel(envelope: Envelope, configuration: HeraldFile) -> CancelMessage | Rejection:
    """Read a `message.cancel` command."""
    try:
        check_envelope(envelope)
        command = CancelMessage.model_validate_json(envelope.body)
        check_tenant(command.tenant, envelope, configuration)
    except (ValidationError, UnusableError) as error:
        return rejection(envelope, error, configuration)
    return command


def rejection(
    envelope: Envelope, error: ValidationError | UnusableError, configuration: HeraldFile
) -> Rejection:
    """Say which field is at fault, and echo tenant and key as far as they can be read."""
    at, reason = _fault(error)
    tenant, key, stand_in = _readable_names(envelope, configuration)
    return Rejection(
        envelope=envelope,
        field=at,
        reason=reason,
        tenant=tenant,
        idempotency_key=key,
        stand_in=stand_in,
    )


def poison(envelope: Envelope, configuration: HeraldFile) -> Rejection:
    """Refuse a command that we failed on, though nothing in it looks wrong."""
    return rejection(
        envelope, UnusableError("", "internal error; kept for the operator"), configuration
    )


def check_envelope(envelope: Envelope) -> None:
    """Refuse what is too large to read, and AMQP properties that can't be stored."""
    if len(envelope.body) > MAX_COMMAND_BYTES:
        raise UnusableError("", f"larger than {MAX_COMMAND_BYTES // 1024} KiB")
    for name in ("message_id", "correlation_id"):
        value = getattr(envelope, name)
        if value != storable(value):
            raise UnusableError(name, "must not contain U+0000 or lone surrogates")


def check_tenant(tenant: str, envelope: Envelope, configuration: HeraldFile) -> None:
    """Refuse a command for a tenant that there is not, or that its user may not command for."""
    if tenant not in configuration.tenants:
        raise UnusableError("tenant", "no such tenant")
    if not configuration.may_command(envelope.user, tenant):
        who = "this broker user" if envelope.user else "a command without user_id"
        raise UnusableError("tenant", f"{who} may not command for it")


def check_id(message_id: UUID | None, computed: UUID) -> None:
    """Refuse an id that the router would give to another command: nobody may take it first."""
    if message_id is not None and message_id.version == _OWN_VERSION and message_id != computed:
        raise UnusableError("id", "version 5 ids are made by Herald: give another version, or none")


def _candidate(
    envelope: Envelope,
    command: SendMessage,
    lane: Lane,
    configuration: HeraldFile,
    now: datetime,
) -> Candidate:
    check_tenant(command.tenant, envelope, configuration)
    key = command.idempotency_key or (str(command.id) if command.id else envelope.message_id)
    if not key or len(key) > _MAX_ECHO:
        raise UnusableError("idempotency_key", "give idempotency_key, id or an AMQP message_id")
    own_id = message_id_for(command.tenant, key)
    check_id(command.id, own_id)
    steps, skipped = plan_steps(command, configuration)
    contents = {step.channel: command.content.on(step.channel) for step in steps}
    plan = Plan(
        steps=steps,
        category=command.category,
        lane=lane,
        expires_at=_expires_at(command, configuration, now),
        recipient_name=command.to.name,
        correlation_id=envelope.correlation_id,
        metadata=command.metadata,
        route=route_name(command, configuration),
        sender=sender_name(command, configuration),
    )
    scheduled = command.send_at if command.send_at and command.send_at > now else None
    return Candidate(
        envelope=envelope,
        message=Message(
            id=command.id or own_id,
            tenant=command.tenant,
            idempotency_key=key,
            created_at=now,
            plan=plan,
            state=State(send_at=scheduled, expire_at=plan.expires_at),
        ),
        contents=to_json(contents, exclude_none=True),
        command_hash=command.fingerprint(),
        skipped=skipped,
    )


def _expires_at(command: SendMessage, configuration: HeraldFile, now: datetime) -> datetime:
    """Return the end of the message's life; a ttl counts from `send_at` where there is one."""
    for name, moment in (("send_at", command.send_at), ("expires_at", command.expires_at)):
        if moment is not None and moment - now > _FURTHEST:
            raise UnusableError(name, "lies too far from now")
    ttl = command.ttl or configuration.rules_for(command.category).ttl
    end = command.expires_at or max(now, command.send_at or now) + ttl
    if end <= now:
        raise UnusableError("expires_at", "lies in the past")
    if command.send_at is not None and end <= command.send_at:
        raise UnusableError("send_at", "lies after expires_at")
    return end


def _fault(error: ValidationError | UnusableError) -> tuple[str, str]:
    if isinstance(error, UnusableError):
        return error.field, error.reason
    (at, reason), *others = validation_errors_of(error)
    return at, reason + (f" (and {len(others)} more)" if others else "")


def _readable_names(
    envelope: Envelope, configuration: HeraldFile
) -> tuple[str, str | None, str | None]:
    """Return the tenant that is told, the key, and what stands in for it, as far as they are read.

    Who may not command for the tenant is told as the tenant's own user: others would hear of it.
    """
    own = configuration.tenant_of(envelope.user) or UNKNOWN_TENANT
    body, stand_in = envelope.body, storable(envelope.message_id)
    try:
        document = from_json(body) if len(body) <= MAX_COMMAND_BYTES else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return own, None, stand_in
    tenant = document.get("tenant", "default")
    is_theirs = (
        isinstance(tenant, str)
        and tenant in configuration.tenants
        and configuration.may_command(envelope.user, tenant)
    )
    key, message_id = (_readable(document.get(name)) for name in ("idempotency_key", "id"))
    return tenant if is_theirs else own, key, message_id or stand_in


def _readable(name: object) -> str | None:
    readable = isinstance(name, str) and 0 < len(name) <= _MAX_ECHO and name.isprintable()
    return str(name) if readable else None
