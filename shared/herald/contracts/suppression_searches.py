"""Searches for suppressions: whose, and of which address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from herald.contracts.addresses import Email, Phone
from herald.contracts.commands import Moment
from herald.contracts.identifiers import TenantName
from herald.contracts.masking import all_address_hashes, hash_of_mask
from herald.contracts.searches import DEFAULT_LIMIT, HIGHEST_LIMIT
from herald.contracts.text import FilledLine

_ANY_TIME = datetime(2100, 1, 1, tzinfo=UTC)


class SuppressionSearch(BaseModel):
    """Which suppressions are wanted, the newest first; of an address also its history."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: TenantName = "default"  # whose
    phone: Phone | None = None  # of this number
    email: Email | None = None  # of this e-mail address
    address: FilledLine | None = None  # of any other address, or of a mask from a log
    before: Moment = _ANY_TIME  # recorded before: `since` of the last one of the answer before
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=HIGHEST_LIMIT)  # of one answer

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if sum(item is not None for item in (self.phone, self.email, self.address)) > 1:
            raise ValueError("give one of phone, email and address")
        return self

    @property
    def address_hashes(self) -> list[int] | None:
        """What they are found by, under every key; None: by no address.

        Raises:
            NoMaskingKeyError: this process has no key.
        """
        if self.address is not None and (shown := hash_of_mask(self.address)) is not None:
            return [shown]
        address = self.phone or self.email or self.address
        return None if address is None else list(all_address_hashes(address))
