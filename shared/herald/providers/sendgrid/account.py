"""The options of an account at SendGrid, and its secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from herald.contracts.vocabulary import Receipts
from herald.providers.account import Account, BaseUrl, NonEmptySecret, Secrets
from herald.providers.rates import RateProfile
from herald.providers.sendgrid.rates import PROFILE


class SendGridSecrets(Secrets):
    api_key: NonEmptySecret
    inbound_tokens: tuple[NonEmptySecret, ...] = ()  # of Inbound Parse's URL, where it signs not


class SendGridAccount(Account):
    """One SendGrid account (v3 Mail Send)."""

    secrets_model: ClassVar[type[Secrets]] = SendGridSecrets
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=20)  # not documented
    template_prefix: ClassVar[str | None] = "d-"  # a dynamic template
    answers: ClassVar[Literal["own", "any"] | None] = "any"

    provider: Literal["sendgrid"]  # `sendgrid`
    channel: Literal["email"] = "email"  # `email`
    base_url: BaseUrl = "https://api.sendgrid.com"  # where its API is
    own_message_id: bool = False  # ask for our Message-ID, by which answers are known
    webhook_public_keys: tuple[str, ...] = ()  # base64 SPKI DER; none: its webhooks are refused

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ


ACCOUNT = SendGridAccount
