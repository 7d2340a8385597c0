"""The options of an account at Amazon SES, and its secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from herald.contracts.vocabulary import Receipts
from herald.providers.account import IN_CLEAR, Account, BaseUrl, NonEmptySecret, Secrets
from herald.providers.cleartext import in_clear
from herald.providers.rates import RateProfile
from herald.providers.ses.rates import PROFILE

Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}$")]
TopicArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]{3,25}:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$"
    ),
]


class SesSecrets(Secrets):
    access_key_id: NonEmptySecret
    secret_access_key: NonEmptySecret
    session_token: NonEmptySecret | None = None  # of temporary keys


class SesAccount(Account):
    """Amazon SES (API v2) in one region; its events come through SNS."""

    secrets_model: ClassVar[type[Secrets]] = SesSecrets
    # SNS, "Message delivery retries": three times, 20 s apart
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=20)
    answers: ClassVar[Literal["own", "any"] | None] = "any"

    provider: Literal["ses"]  # `ses`
    channel: Literal["email"] = "email"  # `email`
    region: Region  # where it sends, such as `eu-central-1`
    base_url: BaseUrl = Field(
        default_factory=lambda given: _api_of(given.get("region", "")),
        description="Where its API is; by default that of the region.",
    )
    configuration_set: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="The configuration set of its mails, which publishes their events.",
    )
    templates: tuple[str, ...] = ()  # those at SES that messages may name
    topics: tuple[TopicArn, ...] = ()  # SNS topics that its events come by; none: all are refused
    confirm_subscriptions: bool = Field(
        default=False,
        description="Confirm subscriptions to those topics; else their link is reported as news"
        " of the account.",
    )
    sns_url: BaseUrl | None = Field(
        default=None,
        description="For a stand-in: where SNS's certificates are and subscriptions are confirmed;"
        " none: at Amazon.",
    )

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ

    def holds(self, template: str) -> bool:
        """Say whether SES has it: its names follow no pattern, so they are listed."""
        return template in self.templates

    @field_validator("sns_url")
    @classmethod
    def _certificates_encrypted(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is not None and in_clear(url) and not info.data.get("allow_cleartext"):
            raise ValueError(f"{IN_CLEAR}: use https://, or set allow_cleartext = true")
        return url


def _api_of(region: str) -> str:
    ending = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://email.{region}.{ending}"


ACCOUNT = SesAccount
