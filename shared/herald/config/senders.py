"""What each channel sends from."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from herald.contracts.identifiers import ChannelName, TenantName

SenderName = Annotated[str, StringConstraints(min_length=1, max_length=320)]


class Sender(BaseModel):
    """What each channel sends from: `[senders.<name>]` with a key a channel, beside `tenants`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenants: tuple[TenantName, ...] = ("default",)  # who may send under it
    channels: dict[ChannelName, SenderName] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _read_channels(cls, written: Any) -> Any:
        if not isinstance(written, dict):
            return written
        rest = dict(written)
        tenants = {"tenants": rest.pop("tenants")} if "tenants" in rest else {}
        return {**tenants, "channels": rest}
