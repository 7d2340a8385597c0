"""The options of an account at Postmark, and its secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr, StringConstraints, field_validator

from herald.contracts.vocabulary import Receipts
from herald.providers.account import Account, BaseUrl, NonEmptySecret, Secrets
from herald.providers.postmark.rates import PROFILE
from herald.providers.rates import RateProfile

StreamName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class PostmarkSecrets(Secrets):
    server_token: NonEmptySecret
    webhook_logins: tuple[SecretStr, ...] = ()  # `user:password`; none: its webhooks are refused

    @field_validator("webhook_logins")
    @classmethod
    def _of_two_parts(cls, logins: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for login in logins:
            user, colon, password = login.get_secret_value().partition(":")
            if not (user and colon and password):
                raise ValueError("a login is written user:password")
        return logins


class PostmarkAccount(Account):
    """One server at Postmark, and one of its message streams."""

    secrets_model: ClassVar[type[Secrets]] = PostmarkSecrets
    # Postmark, "Understanding inbound webhook retries": the first after a minute
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(minutes=1)
    answers: ClassVar[Literal["own", "any"] | None] = "any"

    provider: Literal["postmark"]  # `postmark`
    channel: Literal["email"] = "email"  # `email`
    base_url: BaseUrl = "https://api.postmarkapp.com"  # where its API is
    message_stream: StreamName = "outbound"  # the stream that mails are sent through
    templates: tuple[str, ...] = ()  # the server's that messages may name, by alias or by id
    track_opens: bool | None = None  # whether opened mails are reported; none: as the server has it
    track_links: Literal["None", "HtmlAndText", "HtmlOnly", "TextOnly"] | None = Field(
        default=None,
        description="Whether followed links are reported: `None`, `HtmlAndText`, `HtmlOnly` or"
        " `TextOnly`; none: as the server has it.",
    )

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ

    def holds(self, template: str) -> bool:
        """Say whether the server has it: its aliases follow no pattern, so they are listed."""
        return template in self.templates


ACCOUNT = PostmarkAccount
