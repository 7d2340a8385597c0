"""The options of an account at Meta's WhatsApp Cloud API, and its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from herald.contracts.content.rich_rules import EVERY_PART
from herald.contracts.vocabulary import Receipts
from herald.providers.account import (
    Account,
    BaseUrl,
    NonEmptySecret,
    Secrets,
    TextOutsideWindow,
)
from herald.providers.rates import Rate, RateProfile
from herald.providers.whatsapp_cloud.rates import DEFAULT_KIND, PROFILES

# Meta, "Service messages": 24 hours from the recipient's last message
SERVICE_WINDOW = timedelta(hours=24)


class WhatsAppCloudSecrets(Secrets):
    access_token: NonEmptySecret
    app_secrets: tuple[NonEmptySecret, ...] = Field(min_length=1)
    verify_token: NonEmptySecret


class WhatsAppCloudAccount(Account):
    """One phone number on Meta's WhatsApp Cloud API."""

    secrets_model: ClassVar[type[Secrets]] = WhatsAppCloudSecrets
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=20)  # not documented
    template_prefix: ClassVar[str | None] = ""  # any name
    answers: ClassVar[Literal["own", "any"] | None] = "own"
    profiles: ClassVar[Mapping[str, RateProfile]] = PROFILES

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
    number_kind: str | None = Field(
        default=None,
        description="`standard`, `upgraded` (to 1,000 messages a second) or `shared` with the"
        " WhatsApp Business app.",
    )
    rate: Rate = Field(
        default_factory=lambda given: profile_of(given.get("number_kind")).rate,
        description="Calls: `80/s`, `600/m`, `10000/h`. By default as `number_kind` says: `80/s`"
        " for `standard`.",
    )
    text_outside_window: TextOutsideWindow = Field(
        default="skip",
        description="Whether a text to somebody who did not write within 24 h is skipped, or sent"
        " all the same.",
    )

    media: Literal["link", "upload"] = Field(
        default="link",
        description="Whether Meta fetches files by their links, or Herald does and gives them to"
        " Meta before the message.",
    )

    @classmethod
    def profile_for(cls, kind: str | None, _channel: str) -> RateProfile:
        """Return what Meta allows such a number."""
        return profile_of(kind)

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ

    @property
    def service_window(self) -> timedelta | None:
        return SERVICE_WINDOW

    @property
    def tries_outside_window(self) -> bool:
        return self.text_outside_window == "send"

    @property
    def says(self) -> frozenset[str]:
        return EVERY_PART

    def sends_as(self, sender: str | None) -> bool:
        """Say whether the profile means this number, for an account is one number."""
        return sender in {None, self.phone_number_id}


def profile_of(kind: str | None) -> RateProfile:
    """Return what Meta allows a number of this kind."""
    return PROFILES[kind or DEFAULT_KIND]


ACCOUNT = WhatsAppCloudAccount
