"""`recipient.suppress` and `recipient.unsuppress`: from bytes to the changes they ask for. Pure."""

from __future__ import annotations

from typing import Literal

from herald.config.file import HeraldFile
from herald.contracts.recipient_commands import SuppressRecipient, UnsuppressRecipient
from herald.contracts.vocabulary import SuppressionReason
from router.commands import ConsentRequest, Envelope, UnusableError
from router.core.consent import EVERY, ConsentChange, hashes_for
from router.parsing.refusals import check_tenant, refusing

_MODELS = {"suppressed": SuppressRecipient, "unsuppressed": UnsuppressRecipient}


@refusing
def read_consent(
    envelope: Envelope,
    configuration: HeraldFile,
    kind: Literal["suppressed", "unsuppressed"],
) -> ConsentRequest:
    """Read a command: a tenant's users may give it for their tenant, operators for any."""
    command = _MODELS[kind].model_validate_json(envelope.body)
    if command.tenant not in configuration.tenants or not configuration.is_operator(envelope.user):
        check_tenant(command.tenant, envelope, configuration)
    if command.channel is not None and command.channel not in configuration.channels:
        known = ", ".join(configuration.channels)
        raise UnusableError("channel", f"no such channel; known: {known}")
    changes = tuple(
        ConsentChange(
            kind=kind,
            tenant=command.tenant,
            address_hash=address_hash,
            address=address,
            channel=command.channel or EVERY,
            category=command.category or EVERY,
            reasons=(SuppressionReason.COMMAND,) if kind == "suppressed" else (),
            source=envelope.context.routing_key,
            cause=envelope.context.cause,
            user=envelope.context.user,
        )
        for address in _addresses(command)
        for address_hash in hashes_for(kind, address)
    )
    return ConsentRequest(tenant=command.tenant, changes=changes)


def _addresses(command: SuppressRecipient) -> list[str]:
    if command.channel is None:
        return command.to.all
    address = command.to.address_on(command.channel)
    if address is None:
        raise UnusableError("to", f"no address on {command.channel}")
    return [address]
