"""The options of an SMTP relay, and its secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from herald.contracts.durations import Duration
from herald.contracts.vocabulary import Receipts
from herald.providers.account import IN_CLEAR, Account, NonEmptySecret, Secrets
from herald.providers.cleartext import in_clear, is_loopback
from herald.providers.oauth import OAuth, OAuthSecrets, missing_secrets
from herald.providers.rates import RateProfile
from herald.providers.servers import Server
from herald.providers.smtp.rates import PROFILE


class SmtpSecrets(OAuthSecrets):
    """Both, or none for a relay that trusts us by address; with `oauth`, what its grant needs."""

    username: NonEmptySecret | None = None
    password: NonEmptySecret | None = None
    inbound_tokens: tuple[NonEmptySecret, ...] = ()  # of who posts what comes back; none: nobody
    bounce_keys: tuple[NonEmptySecret, ...] = ()  # make envelope senders, the first; all are known

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("give username and password, or neither")
        return self


class SmtpAccount(Account):
    """One SMTP relay. Its acceptance is the last news there is, unless reports are posted to us."""

    secrets_model: ClassVar[type[Secrets]] = SmtpSecrets
    # a mail server's first pause: Postfix, `minimal_backoff_time`
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(minutes=5)
    answers: ClassVar[Literal["own", "any"] | None] = "any"

    provider: Literal["smtp"]  # `smtp`
    channel: Literal["email"] = "email"  # `email`
    host: str = Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")  # the relay
    port: int = Field(default=587, ge=1, le=65_535)  # 587 with starttls, 465 with tls
    security: Literal["starttls", "tls", "none"] = "starttls"  # starttls, tls or none
    timeout: Duration = timedelta(seconds=30)
    dsn: bool = False  # ask for reports of delivery (RFC 3461) where the relay offers them
    bounce_address: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,12}@[A-Za-z0-9.-]{1,190}$",
        description="Where bounces come back to: each mail's envelope sender is it with `+` and"
        " the attempt. Without one they come to the sender.",
    )
    oauth: OAuth | None = None  # sign in with access tokens (XOAUTH2) instead of a password

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def receipts(self) -> Receipts:
        return Receipts.NONE

    @property
    def session(self) -> OAuth | None:
        return self.oauth

    def secrets_problems(self, secrets: Any) -> Iterator[str]:
        if self.bounce_address is not None and not secrets.bounce_keys:
            yield "bounce_keys: bounce_address needs one"
        if self.oauth is not None:
            yield from missing_secrets(self.oauth, secrets)
            if secrets.password is not None:
                yield "password: with oauth there is none; the user is oauth.user"

    @field_validator("oauth")
    @classmethod
    def _session_fits(cls, oauth: OAuth | None, info: ValidationInfo) -> OAuth | None:
        if oauth is None:
            return None
        if oauth.user is None:
            raise ValueError("user: XOAUTH2 needs the mailbox that is signed in to")
        if in_clear(oauth.token_url) and not info.data.get("allow_cleartext"):
            raise ValueError(f"token_url: {IN_CLEAR}: use https://, or set allow_cleartext = true")
        return oauth

    @property
    def server(self) -> Server:
        return Server(self.host, self.port, self.security == "tls")

    @field_validator("security")
    @classmethod
    def _secrets_encrypted(cls, security: str, info: ValidationInfo) -> str:
        given = info.data
        signs_in = security == "none" and given.get("secrets_file") is not None
        if signs_in and not given["allow_cleartext"] and not is_loopback(given.get("host", "")):
            raise ValueError(f"{IN_CLEAR}: use starttls or tls, or set allow_cleartext = true")
        return security


ACCOUNT = SmtpAccount
