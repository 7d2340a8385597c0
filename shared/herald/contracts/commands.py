"""Commands: what users publish on `herald.commands`. Strict: an unknown field is an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_serializer,
    field_validator,
    model_validator,
)

from herald.contracts.addresses import (
    Email,
    Phone,
    normalise_email,
    normalise_phone,
    normalise_whatsapp,
)
from herald.contracts.content import LOCALE_PATTERN, TO_A_MESSAGE, Content, Template
from herald.contracts.durations import Duration, FallbackAfter
from herald.contracts.identifiers import ChannelName, ConfiguredName, TenantName
from herald.contracts.text import ONE_LINE, Line
from herald.contracts.time_zones import TimeZoneName
from herald.contracts.vocabulary import Category, FailureClass, SuccessOn

MAX_COMMAND_BYTES = 256 * 1024
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=255), ONE_LINE]
MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=64), ONE_LINE]
MetadataValue = Annotated[str, StringConstraints(max_length=512), ONE_LINE]

# channels whose addresses have one form, however they are given
_NORMALISE: Mapping[str, Callable[[str], str]] = {
    "sms": normalise_phone,
    "whatsapp": normalise_whatsapp,
    "email": normalise_email,
}


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies too far from now") from None


# in UTC, so that one moment written in two ways is one command
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_ADDRESSES = ("phone", "email", "whatsapp", "addresses")


class Addresses(_Command):
    """Where somebody is reached, by channel."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [name]} for name in _ADDRESSES]}
    )

    phone: Phone | None = Field(
        default=None, description="E.164: for SMS, and for WhatsApp unless that differs."
    )
    email: Email | None = Field(default=None, description="An address of the form `a@b.c`.")
    whatsapp: Phone | None = Field(default=None, description="Only if it differs from `phone`.")
    addresses: dict[ChannelName, Annotated[Line, Field(min_length=1)]] = Field(
        default_factory=dict, description="Addresses on channels without a field of their own."
    )

    @model_validator(mode="after")
    def _some_address(self) -> Self:
        if not any(getattr(self, name) for name in _ADDRESSES):
            raise ValueError(f"give {', '.join(_ADDRESSES[:-1])} or {_ADDRESSES[-1]}")
        return self

    @field_validator("addresses")
    @classmethod
    def _normalised(cls, addresses: dict[str, str]) -> dict[str, str]:
        """Hold an address to its channel's form, where it has one."""
        normalised = dict(addresses)
        for channel in addresses.keys() & _NORMALISE.keys():
            try:
                normalised[channel] = _NORMALISE[channel](addresses[channel])
            except ValueError as error:
                raise ValueError(f"{channel}: {error}") from None
        return normalised

    def address_on(self, channel: str) -> str | None:
        """Return the recipient's address on `channel`, or None when it has none there."""
        if channel in self.addresses:
            return self.addresses[channel]
        known = {"sms": self.phone, "whatsapp": self.whatsapp or self.phone, "email": self.email}
        return known.get(channel)

    @property
    def all(self) -> list[str]:
        """Every address once, in the order of the fields."""
        given = (self.phone, self.email, self.whatsapp, *self.addresses.values())
        return list(dict.fromkeys(address for address in given if address is not None))


class Recipient(Addresses):
    """Whom to reach; give an address for each channel that may be used."""

    name: Line | None = Field(
        default=None, max_length=200, description="Shown where a channel shows names."
    )
    locale: Annotated[str, StringConstraints(pattern=LOCALE_PATTERN)] | None = Field(
        default=None,
        description="Their language, e.g. `de` or `pt-BR`: for templates in herald.toml.",
    )
    timezone: TimeZoneName | None = Field(
        default=None,
        description="Where their clock is, for quiet hours, such as `Europe/Berlin`; by their phone"
        " number if absent.",
    )


class Step(_Command):
    """One channel to try, and when to give it up for the next."""

    channel: ChannelName = Field(description="The channel to try.")
    account: ConfiguredName | None = Field(
        default=None, description="Only this configured account; any of the channel's if absent."
    )
    success_on: SuccessOn = Field(
        default=SuccessOn.DELIVERED, description="What counts as success: sent, delivered or read."
    )
    fallback_after: FallbackAfter = Field(
        default="60s",
        validate_default=True,
        description="Silence allowed, counted from the provider's acceptance; `auto`: as long as 95"
        " of 100 deliveries take.",
    )
    start_within: Duration | None = Field(
        default=None,
        description="Time allowed until a worker starts it, then the next step is tried; the"
        " category's if absent. The last step waits for the message's end.",
    )
    fallback_on: frozenset[FailureClass] | None = Field(
        default=None,
        description="Failures that lead to the next step; if absent all but content and opted_out.",
    )
    outside_window: Template | None = Field(
        default=None,
        description="The template that is sent while the recipient may get nothing else, unless the"
        " content names one: on WhatsApp 24 hours after they wrote last. Without one the step is"
        " skipped then.",
    )

    @field_serializer("fallback_on", when_used="json-unless-none")
    def _in_order(self, classes: frozenset[FailureClass]) -> list[str]:
        """Write a set the same way in every process, whose sets have orders of their own."""
        return sorted(classes)


class Route(_Command):
    """The steps to try, in order."""

    steps: tuple[Step, ...] = Field(min_length=1, max_length=8)


def _route_form(value: object) -> str:
    return "name" if isinstance(value, str) else "inline"


# distinguished by form, so that an error names the field at fault and not every alternative
RouteOrName = Annotated[
    Annotated[ConfiguredName, Tag("name")] | Annotated[Route, Tag("inline")],
    Discriminator(_route_form),
]


class SendMessage(_Command):
    """Deliver one message to one recipient. Routing key `message.send[.urgent|.bulk]`."""

    id: UUID | None = Field(
        default=None, description="The message's id; if absent made of tenant and key."
    )
    tenant: TenantName = Field(default="default", description="Whose message it is.")
    idempotency_key: IdempotencyKey | None = Field(
        default=None, description="If absent the id, else the AMQP message_id."
    )
    to: Recipient = Field(description="Whom to reach.")
    sender: ConfiguredName | None = Field(
        default=None, description="A configured sender profile; the tenant's if absent."
    )
    content: Content = Field(description="What to say.")
    in_reply_to: Annotated[Line, Field(min_length=1, max_length=512)] | None = Field(
        default=None,
        description="What it answers: the id of an inbound event, or the provider's id of what the"
        " recipient sent; for e-mail also a Message-ID, in angle brackets.",
    )
    route: RouteOrName | None = Field(
        default=None, description="A configured route or steps; the tenant's route if absent."
    )
    category: Category = Field(default=Category.TRANSACTIONAL, description="What it is for.")
    send_at: Moment | None = Field(
        default=None, description="Not before this moment: ISO 8601 with an offset."
    )
    ttl: Duration | None = Field(
        default=None, description="How long it may take; the category's if absent."
    )
    expires_at: Moment | None = Field(default=None, description="Its end, instead of a ttl.")
    metadata: dict[MetadataKey, MetadataValue] = Field(
        default_factory=dict,
        max_length=16,
        description="Strings of yours that come back on every event.",
    )
    dry_run: bool = Field(
        default=False,
        description="Send and keep nothing: say what would become of it (`message.planned`).",
    )

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.ttl is not None and self.expires_at is not None:
            raise ValueError("give ttl or expires_at, not both")
        return self

    @model_validator(mode="after")
    def _says_to_what(self) -> Self:
        said = (self.content, *self.content.overrides.values())
        part = next((name for name in TO_A_MESSAGE for it in said if getattr(it, name)), None)
        if part is not None and self.in_reply_to is None:
            raise ValueError(f"a {part} needs in_reply_to, the message it is about")
        return self

    def fingerprint(self) -> bytes:
        """Hash what the producer set, so that the same key with another message is noticed.

        Normalised and sorted; a default takes part where it is written out. Neither the id, nor the
        key itself, nor the tenant takes part, and a dry run has the hash of the message that it is
        about.
        """
        names = {"id", "idempotency_key", "tenant", "dry_run"}
        fields = self.model_dump(mode="json", exclude_unset=True, exclude=names)
        return hashlib.sha256(_CANONICAL.encode(fields).encode()).digest()


class CancelMessage(_Command):
    """Take a message back if nothing has started. Routing key `message.cancel`."""

    tenant: TenantName = Field(default="default", description="Whose message it is.")
    id: UUID | None = Field(default=None, description="The message's id; or else its key.")
    idempotency_key: IdempotencyKey | None = Field(default=None, description="The message's key.")

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.id is None) == (self.idempotency_key is None):
            raise ValueError("give id or idempotency_key")
        return self
