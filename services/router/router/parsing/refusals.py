"""Why commands are refused, and how a refusal names what it is about. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import from_json

from herald.config.file import HeraldFile
from herald.contracts.commands import MAX_COMMAND_BYTES
from herald.contracts.identifiers import UNKNOWN_TENANT
from herald.contracts.reasons import UNKNOWN_COMMAND
from herald.contracts.text import NOT_STORABLE, storable
from herald.contracts.validation_errors import validation_errors_of
from router.commands import Envelope, Rejection, UnusableError

MAX_ECHO = 255  # characters of a name that a refusal repeats
_OWN_VERSION = 5  # of the ids that the router computes

P = ParamSpec("P")
T = TypeVar("T")


def refusing(
    read: Callable[Concatenate[Envelope, HeraldFile, P], T],
) -> Callable[Concatenate[Envelope, HeraldFile, P], T | Rejection]:
    """Make a reader of commands return a refusal where it finds a command invalid."""

    @wraps(read)
    def checked(
        envelope: Envelope, configuration: HeraldFile, /, *args: P.args, **kwargs: P.kwargs
    ) -> T | Rejection:
        try:
            check_envelope(envelope)
            return read(envelope, configuration, *args, **kwargs)
        except (ValidationError, UnusableError) as error:
            return rejection(envelope, configuration, error)

    return checked


def rejection(
    envelope: Envelope, configuration: HeraldFile, error: ValidationError | UnusableError
) -> Rejection:
    """Say which field is at fault, and echo tenant and key as far as they can be read."""
    at, reason = _reason(error)
    document = _document(envelope.body)
    tenant, key, stand_in = _readable_names(document, envelope, configuration)
    return Rejection(
        envelope=envelope,
        field=at,
        reason=reason,
        tenant=tenant,
        idempotency_key=key,
        stand_in=stand_in,
        is_dry_run=document is not None and document.get("dry_run") is True,
    )


def unknown_command(envelope: Envelope, configuration: HeraldFile) -> Rejection:
    """Refuse a command whose routing key names none."""
    return rejection(envelope, configuration, UnusableError("routing_key", UNKNOWN_COMMAND))


def poison(envelope: Envelope, configuration: HeraldFile) -> Rejection:
    """Refuse a command that we failed on, though nothing in it looks wrong."""
    error = UnusableError("", "internal error; kept for the operator")
    return rejection(envelope, configuration, error)


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


def check_envelope(envelope: Envelope) -> None:
    """Refuse what is too large to read, and AMQP properties that can't be stored."""
    if len(envelope.body) > MAX_COMMAND_BYTES:
        raise UnusableError("", f"larger than {MAX_COMMAND_BYTES // 1024} KiB")
    for name in ("message_id", "correlation_id"):
        value = getattr(envelope, name)
        if value != storable(value):
            raise UnusableError(name, NOT_STORABLE)


def _reason(error: ValidationError | UnusableError) -> tuple[str, str]:
    if isinstance(error, UnusableError):
        return error.field, error.reason
    (at, reason), *others = validation_errors_of(error)
    return at, reason + (f" (and {len(others)} more)" if others else "")


def _document(body: bytes) -> dict[str, Any] | None:
    """Return the fields that a command has; None where they can't be read."""
    try:
        document = from_json(body) if len(body) <= MAX_COMMAND_BYTES else None
    except ValueError:
        document = None
    return document if isinstance(document, dict) else None


def _readable_names(
    document: Mapping[str, Any] | None, envelope: Envelope, configuration: HeraldFile
) -> tuple[str, str | None, str | None]:
    """Return the tenant to answer, the key, and what stands in for it, as far as they are read.

    Who may not command for the tenant gets the answer as the user's own tenant: the other must not
    see it.
    """
    own = configuration.tenant_of(envelope.user) or UNKNOWN_TENANT
    stand_in = storable(envelope.message_id)
    if document is None:
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
    readable = isinstance(name, str) and 0 < len(name) <= MAX_ECHO and name.isprintable()
    return str(name) if readable else None
