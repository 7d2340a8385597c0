"""Searches for messages: what may be asked for, and where the next page begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from herald.contracts.addresses import Email, Phone
from herald.contracts.commands import MetadataKey, MetadataValue, Moment
from herald.contracts.durations import format_duration, parse_duration
from herald.contracts.identifiers import TenantName
from herald.contracts.masking import address_hash, hash_of_mask
from herald.contracts.text import FilledLine
from herald.contracts.vocabulary import MessageStatus

DEFAULT_LIMIT, HIGHEST_LIMIT = 50, 500
NOT_ENDED = "none"
WantedOutcome = Literal["succeeded", "failed", "expired", "cancelled", "none"]
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
_WHEN = "give a moment with an offset (2026-01-31T12:00+01:00), or how long ago it was (2h)"
_ANY_TIME = datetime(2100, 1, 1, tzinfo=UTC)
_LOWEST_ID = UUID(int=0)


def _moment_or_age(value: object) -> datetime | timedelta:
    """Read a moment with an offset, or how long ago it was."""
    if isinstance(value, datetime | timedelta):
        return value
    try:
        return parse_duration(value)
    except ValueError:
        pass
    try:
        return _MOMENT.validate_strings(value)
    except (ValidationError, TypeError):
        raise ValueError(_WHEN) from None


def _written(when: datetime | timedelta) -> str:
    return format_duration(when) if isinstance(when, timedelta) else when.isoformat()


When = Annotated[
    datetime | timedelta,
    BeforeValidator(_moment_or_age),
    PlainSerializer(_written, return_type=str),
]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A message's place among all, by creation and id; what was created later is higher."""

    created_at: datetime
    message_id: UUID

    def __str__(self) -> str:
        return f"{self.created_at.astimezone(UTC).isoformat()}/{self.message_id}"


def _position(value: object) -> Position:
    created_at, _, message_id = str(value).partition("/")
    try:
        return Position(datetime.fromisoformat(created_at).astimezone(UTC), UUID(message_id))
    except (ValueError, OverflowError):
        raise ValueError("this is no `next` of an answer") from None


def _is_position(value: str) -> str:
    _position(value)
    return value


class MessageSearch(BaseModel):
    """Which messages are wanted. What is not given does not matter; the newest come first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: TenantName | None = None  # whose; every tenant the token reads if absent
    phone: Phone | None = None  # to this number, on whatever channel
    email: Email | None = None  # to this e-mail address
    address: FilledLine | None = None  # to any other address, as it is, or to a mask from a log
    metadata: dict[MetadataKey, MetadataValue] = Field(  # with all of these
        default_factory=dict, max_length=16
    )
    since: When | None = None  # created then or later: a moment with an offset, or `2h` ago
    until: When | None = None  # created before that
    outcome: WantedOutcome | None = None  # how it ended; `none`: it has not
    status: MessageStatus | None = None  # how far it came
    resent: bool | None = None  # whether it was sent again
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=HIGHEST_LIMIT)  # of messages in one answer
    after: Annotated[str, AfterValidator(_is_position)] | None = None  # `next` of the answer before

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if sum(item is not None for item in (self.phone, self.email, self.address)) > 1:
            raise ValueError("give one of phone, email and address")
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if type(self.since) is type(self.until):  # else it depends on the time of day
            self.window(_ANY_TIME)
        return self

    @property
    def address_hash(self) -> int | None:
        """What the messages are found by; None: by no address.

        Raises:
            NoMaskingKeyError: this process has no key.
        """
        if self.address is not None and (shown := hash_of_mask(self.address)) is not None:
            return shown
        address = self.phone or self.email or self.address
        return None if address is None else address_hash(address)

    def window(self, now: datetime) -> tuple[datetime, Position]:
        """Return the earliest creation that is wanted, and the place before which to look.

        Raises:
            ValueError: `since` does not lie before `until`.
        """
        since = _moment(self.since, now) or EARLIEST
        until = _moment(self.until, now) or datetime.max.replace(tzinfo=UTC)
        if since >= until:
            raise ValueError("since must lie before until")
        before = Position(until, _LOWEST_ID)
        return since, before if self.after is None else min(before, _position(self.after))

    def request(self) -> dict[str, Any]:
        """Return it as the body of a request."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _moment(when: datetime | timedelta | None, now: datetime) -> datetime | None:
    return now - when if isinstance(when, timedelta) else when
