"""Ingress's own settings."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from herald.contracts.durations import Duration
from herald.providers.account import BaseUrl


class IngressRules(BaseModel):
    """Ingress's own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public_base_url: BaseUrl = "http://127.0.0.1:8001"  # as providers call it; Twilio signs it
    spool_megabytes: int = Field(default=256, ge=1)  # the most that waits on disk for the bus
    batches: bool = True  # several receipts in a message; not beside a router of before 0.2
    attachments: str | None = None  # the folder for attachments of mails that come with their bytes
    attachments_megabytes: int = Field(default=1024, ge=1)  # the most it holds
    attachments_kept: Duration = timedelta(days=30)  # how long a file stays there
