"""Commands about recipients, whatever was sent to them."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from herald.contracts.commands import Addresses
from herald.contracts.identifiers import TenantName


class EraseRecipient(BaseModel):
    """Erase what Herald knows of a recipient. Routing key `recipient.erase`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: UUID | None = Field(
        default=None, description="The erasure's id; if absent made of the AMQP message_id."
    )
    tenant: TenantName | None = Field(
        default="default",
        description="Whose data of them; null: every tenant's, which only operators may ask.",
    )
    to: Addresses = Field(description="Their addresses, as in `SendMessage`.")
