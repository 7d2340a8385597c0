"""Commands at the door: bytes in, a message ready to be accepted or a refusal out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from herald.commands import MAX_COMMAND_BYTES, CancelMessage, Route, SendMessage, Step
from herald.config.file import HeraldFile
from herald.faults import faults_of
from herald.identifiers import UNKNOWN_TENANT, body_id, message_id_for
from herald.vocabulary import Lane
from router.core.facts import CommandContext
from router.core.message import Message, Plan, PlannedStep, State
from router.core.states import DEFAULT_FALLBACK_ON

_MAX_ECHO = 255
_FURTHEST = timedelta(days=3660)  # beyond any sense, and below what a date can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A command as it arrived."""

    body: bytes
    routing_key: str
    message_id: str | None = None
    correlation_id: str | None = None
    redelivered: bool = False

    @property
    def context(self) -> CommandContext:
        """Where its answer goes; named by its message id, or by its bytes if it has none."""
        return CommandContext(
            routing_key=self.routing_key,
            cause=self.message_id or body_id(self.body),
            correlation_id=self.correlation_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A message that may be accepted, if its id and key are free."""

    envelope: Envelope
    message: Message
    contents: bytes  # JSON: what each channel of the plan says
    command_hash: bytes
    skipped: tuple[tuple[int, str], ...] = ()  # steps of the route left out, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A command refused, with the field at fault."""

    envelope: Envelope
    field: str
    reason: str
    tenant: str = UNKNOWN_TENANT
    idempotency_key: str | None = None
    message_id: str | None = None  # of the message that holds the key, where there is one


@dataclass(slots=True)
class UnusableError(Exception):
    """A command that can't be carried out as it is."""

    field: str
    reason: str


def read_send(
    envelope: Envelope, lane: Lane, configuration: HeraldFile, now: datetime
) -> Candidate | Rejection:
    """Read a `message.send` command against the configuration."""
    try:
        _check_size(envelope.body)
        command = SendMessage.model_validate_json(envelope.body)
        return _candidate(envelope, command, lane, configuration, now)
    except (ValidationError, UnusableError) as error:
        return rejection(envelope, error, configuration)


def read_cancel(envelope: Envelope, configuration: HeraldFile) -> CancelMessage | Rejection:
    """Read a `message.cancel` command."""
    try:
        _check_size(envelope.body)
        command = CancelMessage.model_validate_json(envelope.body)
        _known_tenant(command.tenant, configuration)
    except (ValidationError, UnusableError) as error:
        return rejection(envelope, error, configuration)
    return command


def rejection(
    envelope: Envelope, error: ValidationError | UnusableError, configuration: HeraldFile
) -> Rejection:
    """Say which field is at fault, and echo tenant and key as far as they can be read."""
    at, reason = _fault(error)
    tenant, key = _readable_names(envelope.body, configuration)
    return Rejection(envelope=envelope, field=at, reason=reason, tenant=tenant, idempotency_key=key)


def poison(envelope: Envelope, configuration: HeraldFile) -> Rejection:
    """Refuse a command that we failed on, though nothing in it looks wrong."""
    return rejection(
        envelope, UnusableError("", "internal error; kept for the operator"), configuration
    )


def _check_size(body: bytes) -> None:
    if len(body) > MAX_COMMAND_BYTES:
        raise UnusableError("", f"larger than {MAX_COMMAND_BYTES // 1024} KiB")


def _known_tenant(tenant: str, configuration: HeraldFile) -> None:
    if tenant not in configuration.tenants:
        raise UnusableError("tenant", "no such tenant")


def _candidate(
    envelope: Envelope,
    command: SendMessage,
    lane: Lane,
    configuration: HeraldFile,
    now: datetime,
) -> Candidate:
    _known_tenant(command.tenant, configuration)
    key = command.idempotency_key or (str(command.id) if command.id else envelope.message_id)
    if not key or len(key) > _MAX_ECHO:
        raise UnusableError("idempotency_key", "give idempotency_key, id or an AMQP message_id")
    steps, skipped = _plan_steps(command, configuration)
    contents = {step.channel: command.content.on(step.channel) for step in steps}
    plan = Plan(
        steps=steps,
        category=command.category,
        lane=lane,
        expires_at=_expires_at(command, configuration, now),
        recipient_name=command.to.name,
        correlation_id=envelope.correlation_id,
        metadata=command.metadata,
    )
    scheduled = command.send_at if command.send_at and command.send_at > now else None
    return Candidate(
        envelope=envelope,
        message=Message(
            id=command.id or message_id_for(command.tenant, key),
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


def _plan_steps(
    command: SendMessage, configuration: HeraldFile
) -> tuple[tuple[PlannedStep, ...], tuple[tuple[int, str], ...]]:
    """Resolve the route to the steps this recipient and tenant can use."""
    route = _route(command, configuration)
    senders = _sender(command, configuration)
    steps: list[PlannedStep] = []
    skipped: list[tuple[int, str]] = []
    for index, step in enumerate(route.steps):
        problem = _why_unusable(step, command, configuration)
        if problem is None:
            steps.append(_planned(step, command, senders, configuration))
        else:
            skipped.append((index + 1, problem))
    if not steps:
        reasons = "; ".join(f"step {number}: {problem}" for number, problem in skipped)
        raise UnusableError("route", f"no usable step ({reasons})")
    return tuple(steps), tuple(skipped)


def _route(command: SendMessage, configuration: HeraldFile) -> Route:
    if isinstance(command.route, Route):
        for index, step in enumerate(command.route.steps):
            at = f"route.steps.{index}"
            if step.channel not in configuration.channels:
                raise UnusableError(f"{at}.channel", "no such channel")
            if step.account is not None and step.account not in configuration.accounts:
                raise UnusableError(f"{at}.account", "no such account")
        return command.route
    name = command.route or configuration.tenants[command.tenant].route
    if name not in configuration.routes:
        raise UnusableError("route", "no such route")
    return configuration.routes[name]


def _sender(command: SendMessage, configuration: HeraldFile) -> dict[str, str]:
    name = command.sender or configuration.tenants[command.tenant].sender
    if name is None:
        return {}
    if name not in configuration.senders:
        raise UnusableError("sender", "no such sender")
    return configuration.senders[name]


def _why_unusable(step: Step, command: SendMessage, configuration: HeraldFile) -> str | None:
    if command.to.address_on(step.channel) is None:
        return f"no address on {step.channel}"
    if not command.content.on(step.channel).says_something:
        return f"nothing to say on {step.channel}"
    serving = [
        name
        for name, account in configuration.accounts.items()
        if account.channel == step.channel
        and command.tenant in account.tenants
        and step.account in {None, name}
    ]
    return None if serving else f"no account on {step.channel} serves this tenant"


def _planned(
    step: Step, command: SendMessage, senders: dict[str, str], configuration: HeraldFile
) -> PlannedStep:
    address = command.to.address_on(step.channel)
    assert address is not None, "checked by _why_unusable"
    return PlannedStep(
        channel=step.channel,
        address=address,
        sender=senders.get(step.channel),
        account=step.account,
        success_on=step.success_on,
        fallback_after=step.fallback_after,
        start_within=step.start_within or configuration.rules_for(command.category).start_within,
        fallback_on=DEFAULT_FALLBACK_ON if step.fallback_on is None else step.fallback_on,
    )


def _fault(error: ValidationError | UnusableError) -> tuple[str, str]:
    if isinstance(error, UnusableError):
        return error.field, error.reason
    (at, reason), *others = faults_of(error)
    return at, reason + (f" (and {len(others)} more)" if others else "")


def _readable_names(body: bytes, configuration: HeraldFile) -> tuple[str, str | None]:
    try:
        document = from_json(body) if len(body) <= MAX_COMMAND_BYTES else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return UNKNOWN_TENANT, None
    tenant, key = document.get("tenant", "default"), document.get("idempotency_key")
    readable = isinstance(key, str) and len(key) <= _MAX_ECHO and key.isprintable()
    return (
        tenant if isinstance(tenant, str) and tenant in configuration.tenants else UNKNOWN_TENANT,
        key if readable else None,
    )
