"""The options of an account at Mailgun, and its secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from herald.contracts.durations import Duration
from herald.contracts.vocabulary import Receipts
from herald.providers.account import Account, BaseUrl, NonEmptySecret, Secrets
from herald.providers.mailgun.rates import PROFILE
from herald.providers.rates import RateProfile


class MailgunSecrets(Secrets):
    api_key: NonEmptySecret  # of the account, or a sending key of the domain
    webhook_signing_keys: tuple[NonEmptySecret, ...] = ()  # none: its webhooks are refused


class MailgunAccount(Account):
    """One sending domain at Mailgun."""

    secrets_model: ClassVar[type[Secrets]] = MailgunSecrets
    # Mailgun, "Webhooks: retries": after 5, 10 and 15 minutes, 1, 2 and 4 hours
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(minutes=5)
    answers: ClassVar[Literal["own", "any"] | None] = "any"

    provider: Literal["mailgun"]  # `mailgun`
    channel: Literal["email"] = "email"  # `email`
    domain: str = Field(pattern=r"^[A-Za-z0-9.-]{1,253}$")  # the sending domain
    base_url: BaseUrl = "https://api.mailgun.net"  # in the EU region `https://api.eu.mailgun.net`
    templates: tuple[str, ...] = ()  # the domain's that messages may name
    webhook_age: Duration = timedelta(hours=24)  # how far a webhook's time may be from ours

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ

    def holds(self, template: str) -> bool:
        """Say whether the domain has it: its names follow no pattern, so they are listed."""
        return template in self.templates


ACCOUNT = MailgunAccount
