"""The options of an account at Resend, and its secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import SecretStr, field_validator

from herald.contracts.durations import Duration
from herald.contracts.vocabulary import Receipts
from herald.providers.account import Account, BaseUrl, NonEmptySecret, Secrets
from herald.providers.rates import RateProfile
from herald.providers.resend.rates import PROFILE
from herald.providers.resend.signature import key_of


class ResendSecrets(Secrets):
    api_key: NonEmptySecret
    webhook_secrets: tuple[SecretStr, ...] = ()  # `whsec_...`; none: its webhooks are refused

    @field_validator("webhook_secrets")
    @classmethod
    def _are_keys(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            key_of(secret.get_secret_value())
        return secrets


class ResendAccount(Account):
    """One team at Resend."""

    secrets_model: ClassVar[type[Secrets]] = ResendSecrets
    # Svix, "Retries": after 5 seconds, 5 and 30 minutes, 2, 5, 10 and 10 hours
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=5)
    answers: ClassVar[Literal["own", "any"] | None] = "any"

    provider: Literal["resend"]  # `resend`
    channel: Literal["email"] = "email"  # `email`
    base_url: BaseUrl = "https://api.resend.com"  # where its API is
    own_message_id: bool = False  # ask for our Message-ID, by which answers are known
    webhook_age: Duration = timedelta(minutes=5)  # how far a webhook's time may be from ours

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ


ACCOUNT = ResendAccount
