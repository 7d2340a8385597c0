"""Provider accounts: one model for each provider's options and one for its secrets file.

Both sides of a provider (its webhooks in ingress, its calls in a channel) read the same entry, so
it is described once, here; a misspelt option is an error, not a silent default.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from herald.config.cleartext import in_clear, is_loopback
from herald.config.rates import Rate
from herald.durations import Duration
from herald.identifiers import TenantName
from herald.vocabulary import Receipts

BaseUrl = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^/\s?#@]+(/[^\s?#]*)?$"),
    AfterValidator(lambda url: url.rstrip("/")),  # paths are appended to it
]
NonEmptySecret = Annotated[SecretStr, Field(min_length=1)]


class Secrets(BaseModel):
    """What an account's `secrets_file` holds. Several values of one secret allow rotation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def values(self) -> tuple[str, ...]:
        """Give all of them in clear, so that they can be looked for where they must not be."""
        fields = (getattr(self, name) for name in type(self).model_fields)
        secrets = (value if isinstance(value, tuple) else (value,) for value in fields)
        return tuple(
            secret.get_secret_value()
            for several in secrets
            for secret in several
            if isinstance(secret, SecretStr)
        )


class NoSecrets(Secrets):
    """An account that needs none."""


_IN_CLEAR = "secrets would travel unencrypted"


class Account(BaseModel):
    """What every account has, whatever its provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: ClassVar[str]
    receipts: ClassVar[Receipts]
    secrets_model: ClassVar[type[Secrets]] = NoSecrets
    # how long its provider waits at first before it comes again with a webhook; None: sends none
    webhook_retry_gap: ClassVar[timedelta | None] = None
    template_prefix: ClassVar[str | None] = None  # of its templates' names; None: it holds none

    provider: str  # which provider it is at
    tenants: tuple[TenantName, ...] = ("default",)  # who may use it; inbound goes to the first
    rate: Rate = 10.0  # calls: `80/s`, `600/m`, `10000/h`
    timeout: Duration = timedelta(seconds=10)  # of one call
    secrets_file: str | None = None  # its secrets, a path relative to herald.toml
    allow_cleartext: bool = False  # send secrets and messages to another machine unencrypted
    foreign: Literal["keep", "ignore"] = "keep"  # statuses of messages that are not Herald's

    def sends_as(self, sender: str | None) -> bool:  # noqa: ARG002  most accounts may use any
        """Tell whether the account can send under a profile's entry for its channel."""
        return True

    def holds(self, template: str) -> bool:
        """Tell whether it may be the provider's own; a template of another name is ignored."""
        return self.template_prefix is not None and template.startswith(self.template_prefix)

    @field_validator("base_url", check_fields=False)
    @classmethod
    def _encrypted(cls, url: str, info: ValidationInfo) -> str:
        if in_clear(url) and not info.data.get("allow_cleartext"):
            raise ValueError(f"{_IN_CLEAR}: use https://, or set allow_cleartext = true")
        return url

    @field_validator("tenants")
    @classmethod
    def _some_tenant(cls, tenants: tuple[str, ...]) -> tuple[str, ...]:
        if not tenants:
            raise ValueError("name at least one tenant")
        return tenants


class WhatsAppCloudSecrets(Secrets):
    access_token: NonEmptySecret
    app_secrets: tuple[NonEmptySecret, ...] = Field(min_length=1)
    verify_token: NonEmptySecret


class WhatsAppCloudAccount(Account):
    """One phone number on Meta's WhatsApp Cloud API."""

    channel: ClassVar[str] = "whatsapp"
    receipts: ClassVar[Receipts] = Receipts.READ
    secrets_model: ClassVar[type[Secrets]] = WhatsAppCloudSecrets
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=20)  # not documented
    template_prefix: ClassVar[str | None] = ""  # any name

    provider: Literal["whatsapp_cloud"]  # `whatsapp_cloud`
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

    def sends_as(self, sender: str | None) -> bool:
        """Tell whether the profile means this number, for an account is one number."""
        return sender in {None, self.phone_number_id}


class TwilioSecrets(Secrets):
    auth_tokens: tuple[NonEmptySecret, ...] = Field(min_length=1)  # the first one signs our calls


DEFAULT_OVERRIDES = "rc=5&rp=all"


class TwilioAccount(Account):
    """One Twilio account, sending SMS from a number or a Messaging Service."""

    channel: ClassVar[str] = "sms"
    receipts: ClassVar[Receipts] = Receipts.DELIVERED
    secrets_model: ClassVar[type[Secrets]] = TwilioSecrets
    # Twilio, "Webhooks connection overrides": all tries lie within 15 s
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=15)
    template_prefix: ClassVar[str | None] = "HX"  # of Twilio's Content API

    provider: Literal["twilio"]  # `twilio`
    account_sid: str = Field(pattern=r"^AC[0-9a-zA-Z]{32}$")  # begins with AC
    messaging_service_sid: str | None = Field(
        default=None,
        pattern=r"^MG[0-9a-zA-Z]{32}$",
        description="Where no sender names a number.",
    )
    base_url: BaseUrl = "https://api.twilio.com"  # where its API is
    callback_overrides: str = Field(
        default=DEFAULT_OVERRIDES,
        pattern=r"^[a-z0-9&=,-]*$",
        description='How Twilio calls back: "Connection overrides". By default: try five times'
        " more within 15 s, whatever the failure was.",
    )
    validity: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(hours=10))] | None = (
        Field(default=None, description="How long Twilio may try; at most 10 h.")
    )
    rate: Rate = 1.0  # Twilio: one segment a second for a US long code


class SendGridSecrets(Secrets):
    api_key: NonEmptySecret


class SendGridAccount(Account):
    """One SendGrid account (v3 Mail Send)."""

    channel: ClassVar[str] = "email"
    receipts: ClassVar[Receipts] = Receipts.READ
    secrets_model: ClassVar[type[Secrets]] = SendGridSecrets
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=20)  # not documented
    template_prefix: ClassVar[str | None] = "d-"  # a dynamic template

    provider: Literal["sendgrid"]  # `sendgrid`
    base_url: BaseUrl = "https://api.sendgrid.com"  # where its API is
    webhook_public_keys: tuple[str, ...] = ()  # base64 SPKI DER; none: its webhooks are refused


class SmtpSecrets(Secrets):
    """Both, or none for a relay that trusts us by address."""

    username: NonEmptySecret | None = None
    password: NonEmptySecret | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("give username and password, or neither")
        return self


class SmtpAccount(Account):
    """One SMTP relay. Its acceptance is the last news there is."""

    channel: ClassVar[str] = "email"
    receipts: ClassVar[Receipts] = Receipts.NONE
    secrets_model: ClassVar[type[Secrets]] = SmtpSecrets

    provider: Literal["smtp"]  # `smtp`
    host: str = Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")  # the relay
    port: int = Field(default=587, ge=1, le=65_535)  # 587 with starttls, 465 with tls
    security: Literal["starttls", "tls", "none"] = "starttls"  # starttls, tls or none
    timeout: Duration = timedelta(seconds=30)

    @field_validator("security")
    @classmethod
    def _secrets_encrypted(cls, security: str, info: ValidationInfo) -> str:
        given = info.data
        signs_in = security == "none" and given.get("secrets_file") is not None
        if signs_in and not given["allow_cleartext"] and not is_loopback(given.get("host", "")):
            raise ValueError(f"{_IN_CLEAR}: use starttls or tls, or set allow_cleartext = true")
        return security


AnyAccount = Annotated[
    WhatsAppCloudAccount | TwilioAccount | SendGridAccount | SmtpAccount,
    Field(discriminator="provider"),
]

PROVIDERS: dict[str, type[Account]] = {
    "whatsapp_cloud": WhatsAppCloudAccount,
    "twilio": TwilioAccount,
    "sendgrid": SendGridAccount,
    "smtp": SmtpAccount,
}
