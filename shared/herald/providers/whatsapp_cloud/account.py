"""The options of an account at Meta's WhatsApp Cloud API, and its secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from herald.contracts.vocabulary import Receipts
from herald.providers.account import Account, BaseUrl, NonEmptySecret, Secrets
from herald.providers.rates import Rate


class WhatsAppCloudSecrets(Secrets):
    access_token: NonEmptySecret
    app_secrets: tuple[NonEmptySecret, ...] = Field(min_length=1)
    verify_token: NonEmptySecret


class WhatsAppCloudAccount(Account):
    """One phone number on Meta's WhatsApp Cloud API."""

    secrets_model: ClassVar[type[Secrets]] = WhatsAppCloudSecrets
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=20)  # not documented
    template_prefix: ClassVar[str | None] = ""  # any name

    provider: Literal["whatsapp_cloud"]  # `whatsapp_cloud`
    channel: Literal["whatsapp"] = "whatsapp"  # `whatsapp`
    phone_number_id: str = Field(pattern=r"^\d{1,32}$")  # the number's id at Meta
    business_account_id: str | None = Field(
        default=None,
        pattern=r"^\d{1,32}$",
        description="The WhatsApp Business account's id at Meta. By it news about the account finds"
        " this one among those that share a webhook; without it, the one whose URL is called.",
    )
    base_url: BaseUrl = "https://graph.facebook.com"  # where its API is
    api_version: str = Field(default="v25.0", pattern=r"^v\d{1,3}\.\d$")  # of Meta's API
    rate: Rate = 80.0  # Meta: 80 messages a second for a phone number by default

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ

    def sends_as(self, sender: str | None) -> bool:
        """Say whether the profile means this number, for an account is one number."""
        return sender in {None, self.phone_number_id}


ACCOUNT = WhatsAppCloudAccount
