"""Commands of operators: what only the broker users of `[operators]` may publish."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from herald.contracts.commands import IdempotencyKey
from herald.contracts.identifiers import TenantName
from herald.contracts.text import Text

DeadLetterId = Annotated[Text, Field(min_length=1, max_length=512)]


class OperatorCommand(BaseModel):
    """Read as strictly as every other command."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ResendMessage(OperatorCommand):
    """Send a failed or expired message again, as a new one. Routing key `message.resend`."""

    tenant: TenantName = Field(default="default", description="Whose message it is.")
    id: UUID | None = Field(default=None, description="The message's id; or else its key.")
    idempotency_key: IdempotencyKey | None = Field(default=None, description="The message's key.")
    force: bool = Field(
        default=False,
        description="Also when an attempt may have reached the recipient: contacts them twice.",
    )

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.id is None) == (self.idempotency_key is None):
            raise ValueError("give id or idempotency_key")
        return self


class ReplayDeadLetter(OperatorCommand):
    """Handle a dead letter once more. Routing key `dead_letter.replay`."""

    id: DeadLetterId = Field(description="The dead letter's id.")
    again: bool = Field(default=False, description="Also when it was replayed before.")


class DropDeadLetter(OperatorCommand):
    """Delete a dead letter; the audit keeps that it was there. Routing key `dead_letter.drop`."""

    id: DeadLetterId = Field(description="The dead letter's id.")
