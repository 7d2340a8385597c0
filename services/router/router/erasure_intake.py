"""Commands that ask for an erasure: who may, and what they ask. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from herald.config.file import HeraldFile
from herald.contracts.identifiers import erasure_id_for
from herald.contracts.masking import address_hash
from herald.contracts.recipient_commands import EraseRecipient
from router.intake import Envelope, Rejection, check_envelope, check_id, check_tenant, rejection
from router.planning import UnusableError
from router.store.mentions import Mentions, mentions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An erasure as its command asked for it."""

    id: UUID
    tenant: str | None  # None: every tenant's
    cause: str
    routing_key: str
    correlation_id: str | None
    user: str | None
    addresses: Sequence[str]

    @property
    def hashes(self) -> list[int]:
        """The addresses' hashes, under the key of now."""
        return sorted({address_hash(address) for address in self.addresses})

    @property
    def mentions(self) -> Mentions:
        """What finds the addresses in others' texts."""
        return mentions_of(self.addresses)


def read_erase(envelope: Envelope, configuration: HeraldFile) -> Asked | Rejection:
    """Read a `recipient.erase` command.

    A tenant's users may ask it for their tenant, operators for any and for all.
    """
    try:
        check_envelope(envelope)
        command = EraseRecipient.model_validate_json(envelope.body)
        _check_user(command.tenant, envelope, configuration)
        if command.id is None and envelope.message_id is None:
            raise UnusableError("id", "give id or an AMQP message_id")
        own_id = erasure_id_for(command.tenant, envelope.context.cause)
        check_id(command.id, own_id)
    except (ValidationError, UnusableError) as error:
        return rejection(envelope, error, configuration)
    context = envelope.context
    return Asked(
        id=command.id or own_id,
        tenant=command.tenant,
        cause=context.cause,
        routing_key=context.routing_key,
        correlation_id=context.correlation_id,
        user=context.user,
        addresses=command.to.all,
    )


def _check_user(tenant: str | None, envelope: Envelope, configuration: HeraldFile) -> None:
    if tenant is not None and tenant not in configuration.tenants:
        raise UnusableError("tenant", "no such tenant")
    if configuration.is_operator(envelope.user):
        return
    if tenant is None:
        raise UnusableError("tenant", "only an operator may erase every tenant's data")
    check_tenant(tenant, envelope, configuration)
