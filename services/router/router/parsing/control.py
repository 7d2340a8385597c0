"""Commands about what is stored: cancels, erasures and operators' commands. Pure."""

from __future__ import annotations

from typing import TypeVar

from herald.config.file import HeraldFile
from herald.contracts.commands import CancelMessage
from herald.contracts.identifiers import erasure_id_for
from herald.contracts.operator_commands import OperatorCommand
from herald.contracts.recipient_commands import EraseRecipient
from router.commands import Envelope, ErasureRequest, UnusableError
from router.parsing.refusals import check_id, check_tenant, refusing

CommandT = TypeVar("CommandT", bound=OperatorCommand)


@refusing
def read_cancel(envelope: Envelope, configuration: HeraldFile) -> CancelMessage:
    """Read a `message.cancel` command."""
    command = CancelMessage.model_validate_json(envelope.body)
    check_tenant(command.tenant, envelope, configuration)
    return command


@refusing
def read_erase(envelope: Envelope, configuration: HeraldFile) -> ErasureRequest:
    """Read a `recipient.erase` command.

    A tenant's users may ask it for their tenant, operators for any and for all.
    """
    command = EraseRecipient.model_validate_json(envelope.body)
    _check_may_erase(command.tenant, envelope, configuration)
    if command.id is None and envelope.message_id is None:
        raise UnusableError("id", "give id or an AMQP message_id")
    context = envelope.context
    own_id = erasure_id_for(command.tenant, context.cause)
    check_id(command.id, own_id)
    return ErasureRequest(
        id=command.id or own_id,
        tenant=command.tenant,
        cause=context.cause,
        routing_key=context.routing_key,
        correlation_id=context.correlation_id,
        user=context.user,
        addresses=command.to.all,
    )


@refusing
def read_operator(envelope: Envelope, configuration: HeraldFile, model: type[CommandT]) -> CommandT:
    """Read an operator's command; who is none learns nothing of what it would have done."""
    if not configuration.operators.users:
        raise UnusableError("user", "not an operator: [operators] names no users")
    if not configuration.is_operator(envelope.user):
        who = "this broker user is" if envelope.user else "a command without user_id is"
        raise UnusableError("user", f"{who} not an operator's")
    return model.model_validate_json(envelope.body)


def _check_may_erase(tenant: str | None, envelope: Envelope, configuration: HeraldFile) -> None:
    if tenant is not None and tenant not in configuration.tenants:
        raise UnusableError("tenant", "no such tenant")
    if configuration.is_operator(envelope.user):
        return
    if tenant is None:
        raise UnusableError("tenant", "only an operator may erase every tenant's data")
    check_tenant(tenant, envelope, configuration)
