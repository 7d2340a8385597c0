"""The options of an account at Twilio, and its secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from herald.contracts.durations import Duration
from herald.contracts.vocabulary import Receipts
from herald.providers.account import Account, BaseUrl, NonEmptySecret, Secrets
from herald.providers.rates import Rate


class TwilioSecrets(Secrets):
    auth_tokens: tuple[NonEmptySecret, ...] = Field(min_length=1)  # the first one signs our calls


DEFAULT_OVERRIDES = "rc=5&rp=all"
RATES = {
    "sms": 1.0,  # Twilio: one segment a second for a US long code
    "whatsapp": 80.0,  # Twilio: messages a second for a WhatsApp sender by default
}


class TwilioAccount(Account):
    """One channel of a Twilio account: SMS or WhatsApp, from a sender or a Messaging Service."""

    secrets_model: ClassVar[type[Secrets]] = TwilioSecrets
    # Twilio, "Webhooks connection overrides": all tries lie within 15 s
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=15)
    template_prefix: ClassVar[str | None] = "HX"  # of Twilio's Content API

    provider: Literal["twilio"]  # `twilio`
    channel: Literal["sms", "whatsapp"] = "sms"  # `sms` or `whatsapp`
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
    rate: Rate = Field(
        default_factory=lambda given: RATES[given.get("channel", "sms")],
        description="Calls: `80/s`, `600/m`, `10000/h`. By default `1/s` for SMS and `80/s` for"
        " WhatsApp.",
    )

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ if self.channel == "whatsapp" else Receipts.DELIVERED

    def sends_as(self, sender: str | None) -> bool:
        """Say whether it can send: on WhatsApp from a number, or through its service."""
        if self.channel != "whatsapp":
            return True
        if sender is None:
            return self.messaging_service_sid is not None
        return sender.startswith("+")


ACCOUNT = TwilioAccount
