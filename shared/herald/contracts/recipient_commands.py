"""Commands about recipients, whatever was sent to them."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from herald.contracts.commands import Addresses
from herald.contracts.identifiers import ChannelName, TenantName
from herald.contracts.vocabulary import Category


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


class SuppressRecipient(BaseModel):
    """Send a recipient no more messages. Routing key `recipient.suppress`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tenant: TenantName = Field(default="default", description="Whose messages they get no more.")
    to: Addresses = Field(description="Their addresses, as in `SendMessage`.")
    channel: ChannelName | None = Field(
        default=None, description="Only on this channel; on every one if absent."
    )
    category: Category | None = Field(
        default=None, description="Only messages of this category; of every one if absent."
    )


class UnsuppressRecipient(SuppressRecipient):
    """Let a recipient get messages again. Routing key `recipient.unsuppress`.

    What is lifted is whatever stands of that channel and category, for whatever reason; every
    channel's and category's where they are absent.
    """
