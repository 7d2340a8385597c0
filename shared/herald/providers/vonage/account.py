"""The options of an account at Vonage's Messages API, and its secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from herald.contracts.content.rich_rules import EVERY_PART
from herald.contracts.vocabulary import Receipts
from herald.providers.account import (
    BaseUrl,
    NonEmptySecret,
    Secrets,
    TextOutsideWindow,
)
from herald.providers.rates import Rate, RateProfile
from herald.providers.vonage.rates import PROFILE
from herald.providers.vonage_options import VonageOptions

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

WHATSAPP = "whatsapp"
# Meta, "Service messages": 24 hours from the recipient's last message
WHATSAPP_WINDOW = timedelta(hours=24)
SAYS = EVERY_PART - {"read_receipt"}  # on WhatsApp


class VonageSecrets(Secrets):
    private_key: NonEmptySecret | None = None  # of the application, PEM
    api_secret: NonEmptySecret | None = None
    signature_secrets: tuple[NonEmptySecret, ...] = Field(min_length=1)

    @field_validator("private_key")
    @classmethod
    def _signs(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            private_key_of(key.get_secret_value())
        return key


def private_key_of(pem: str) -> RSAPrivateKey:
    """Read an application's private key.

    Raises:
        ValueError: it is none; the text holds nothing of it.
    """
    # every service reads accounts, and few of them keys: the library takes megabytes
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnicodeEncodeError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA private key in PEM, without a password")  # noqa: TRY004
    return key


class VonageAccount(VonageOptions):
    """One channel of an application at Vonage, or of an API key: SMS or WhatsApp."""

    secrets_model: ClassVar[type[Secrets]] = VonageSecrets
    template_prefix: ClassVar[str | None] = ""  # on WhatsApp, any name
    answers: ClassVar[Literal["own", "any"] | None] = "own"  # likewise

    provider: Literal["vonage"]  # `vonage`
    channel: Literal["sms", "whatsapp"] = "sms"  # `sms` or `whatsapp`
    application_id: str | None = Field(
        default=None,
        pattern=r"^[0-9a-fA-F-]{36}$",
        description="The application whose private key signs calls.",
    )
    api_key: str | None = Field(
        default=None,
        pattern=r"^[0-9A-Za-z]{1,64}$",
        description="Instead of an application: the account's API key.",
    )
    base_url: BaseUrl = "https://api.nexmo.com"  # where its API is
    sends_callback: bool = Field(
        default=True,
        description="Whether each message says where its statuses go. `false`: where the"
        " application's settings at Vonage say.",
    )
    rate: Rate = Field(default=PROFILE.rate, description="Calls: `80/s`, `600/m`, `10000/h`.")
    text_outside_window: TextOutsideWindow = Field(
        default="skip",
        description="On WhatsApp: whether a text to somebody who did not write within 24 h is"
        " skipped, or sent all the same.",
    )

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def service_window(self) -> timedelta | None:
        return WHATSAPP_WINDOW if self.channel == WHATSAPP else None

    @property
    def tries_outside_window(self) -> bool:
        return self.text_outside_window == "send"

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ if self.channel == WHATSAPP else Receipts.DELIVERED

    @property
    def says(self) -> frozenset[str]:
        return SAYS if self.channel == WHATSAPP else frozenset()

    def holds(self, template: str) -> bool:  # noqa: ARG002  any name
        """Say whether a template may be Vonage's own: on WhatsApp only."""
        return self.channel == WHATSAPP

    def secrets_problems(self, secrets: Any) -> Iterator[str]:
        """Say what is missing to call with."""
        if secrets.private_key is not None:
            if self.application_id is None:
                yield "private_key: needs the account's application_id"
        elif secrets.api_secret is None:
            yield "private_key: missing, and there is no api_secret"
        elif self.api_key is None:
            yield "api_secret: needs the account's api_key"


ACCOUNT = VonageAccount
