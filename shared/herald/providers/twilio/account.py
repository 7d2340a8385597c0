"""The options of an account at Twilio, and its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from herald.contracts.durations import Duration
from herald.contracts.vocabulary import Receipts
from herald.providers.account import (
    Account,
    BaseUrl,
    NonEmptySecret,
    Secrets,
    TextOutsideWindow,
)
from herald.providers.rates import Rate, RateProfile
from herald.providers.twilio.rates import DEFAULT_KINDS, PROFILES
from herald.providers.twilio.signature import DEFAULT_OVERRIDES


class TwilioSecrets(Secrets):
    auth_tokens: tuple[NonEmptySecret, ...] = Field(min_length=1)  # the first one signs our calls


# Twilio, "Error 90007": whole seconds, 1 to 36,000
SHORTEST_VALIDITY, LONGEST_VALIDITY = timedelta(seconds=1), timedelta(hours=10)
# Twilio, "Key concepts and terms for WhatsApp": 24 hours from the recipient's last message
WHATSAPP_WINDOW = timedelta(hours=24)


class TwilioAccount(Account):
    """One channel of a Twilio account: SMS or WhatsApp, from a sender or a Messaging Service."""

    secrets_model: ClassVar[type[Secrets]] = TwilioSecrets
    # Twilio, "Webhooks connection overrides": all tries lie within 15 s
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=15)
    template_prefix: ClassVar[str | None] = "HX"  # of Twilio's Content API
    profiles: ClassVar[Mapping[str, RateProfile]] = PROFILES

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
    validity: Annotated[Duration, Field(ge=SHORTEST_VALIDITY, le=LONGEST_VALIDITY)] | None = Field(
        default=None,
        description="How long a message may wait at Twilio, at most 10 h; an SMS never longer than"
        " it is worth sending.",
    )
    number_kind: str | None = Field(
        default=None,
        description="What messages are sent from: `long_code`, `toll_free`, `short_code`,"
        " `alphanumeric`; `whatsapp` on that channel. Each number is then limited by itself.",
    )
    rate: Rate = Field(
        default_factory=lambda given: (
            profile_of(given.get("number_kind"), given.get("channel")).rate
        ),
        description="Calls: `80/s`, `600/m`, `10000/h`. By default what one number may do: `1/s`"
        " for a long code, `80/s` on WhatsApp.",
    )

    @classmethod
    def profile_for(cls, kind: str | None, channel: str) -> RateProfile:
        """Return what Twilio allows such a number."""
        return profile_of(kind, channel)

    @field_validator("number_kind")
    @classmethod
    def _kind_of_the_channel(cls, kind: str | None, info: ValidationInfo) -> str | None:
        is_whatsapp = info.data.get("channel") == "whatsapp"
        if kind is not None and (kind == "whatsapp") != is_whatsapp:
            raise ValueError("`whatsapp` is the kind of channel whatsapp, the others are of sms")
        return kind

    text_outside_window: TextOutsideWindow = Field(
        default="skip",
        description="On WhatsApp: whether a text to somebody who did not write within 24 h is"
        " skipped, or sent all the same.",
    )

    @property
    def service_window(self) -> timedelta | None:
        return WHATSAPP_WINDOW if self.channel == "whatsapp" else None

    @property
    def tries_outside_window(self) -> bool:
        return self.text_outside_window == "send"

    @property
    def receipts(self) -> Receipts:
        return Receipts.READ if self.channel == "whatsapp" else Receipts.DELIVERED

    @property
    def says(self) -> frozenset[str]:
        """Return what needs no template of Twilio's Content API."""
        return frozenset({"location"}) if self.channel == "whatsapp" else frozenset()

    def sends_as(self, sender: str | None) -> bool:
        """Say whether it can send: on WhatsApp from a number, or through its service."""
        if self.channel != "whatsapp":
            return True
        if sender is None:
            return self.messaging_service_sid is not None
        return sender.startswith("+")


def profile_of(kind: str | None, channel: str | None) -> RateProfile:
    """Return what Twilio allows a number of this kind, or of the channel's most modest one."""
    return PROFILES[kind or DEFAULT_KINDS[channel or "sms"]]


ACCOUNT = TwilioAccount
