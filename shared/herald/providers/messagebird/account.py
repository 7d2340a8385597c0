"""The options of an account at MessageBird, and its secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from herald.contracts.durations import Duration
from herald.contracts.vocabulary import Receipts
from herald.providers.account import Account, BaseUrl, NonEmptySecret, Secrets
from herald.providers.messagebird.rates import PROFILE
from herald.providers.rates import RateProfile

SHORTEST_VALIDITY, LONGEST_VALIDITY = timedelta(seconds=1), timedelta(days=7)


class MessageBirdSecrets(Secrets):
    access_key: NonEmptySecret
    signing_keys: tuple[NonEmptySecret, ...] = Field(min_length=1)


class MessageBirdAccount(Account):
    """One account at MessageBird's REST API (rest.messagebird.com), now Bird's."""

    secrets_model: ClassVar[type[Secrets]] = MessageBirdSecrets
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=20)  # not documented

    provider: Literal["messagebird"]  # `messagebird`
    channel: Literal["sms"] = "sms"  # `sms`
    base_url: BaseUrl = "https://rest.messagebird.com"  # where its API is
    sends_callback: bool = Field(
        default=True,
        description="Whether each message says where its reports go. `false`: where the account's"
        " settings say.",
    )
    validity: Annotated[Duration, Field(ge=SHORTEST_VALIDITY, le=LONGEST_VALIDITY)] | None = Field(
        default=None,
        description="How long MessageBird may try, at most 7 d; never longer than the message is"
        " worth sending.",
    )

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def receipts(self) -> Receipts:
        return Receipts.DELIVERED


ACCOUNT = MessageBirdAccount
