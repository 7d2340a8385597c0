"""Public events: CloudEvents 1.0 in structured JSON, the one vocabulary users consume."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from herald.failures import Failure
from herald.receipts import InboundMedia
from herald.vocabulary import InboundKind, MessageStatus, Outcome

SOURCE = "/herald/router"
_TYPE_PARTS = 4  # herald, the family, what happened, the version
MESSAGE_EVENTS = (
    "sent",
    "delivered",
    "read",
    "clicked",
    "bounced",
    "fallback",
    "failed",
    "expired",
    "cancelled",
)


def event_type(family: str, what: str) -> str:
    """Return an event's `type`, e.g. `herald.message.delivered.v1`."""
    return f"herald.{family}.{what}.v1"


class _Data(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Fallback(_Data):
    """The change from one channel to the next."""

    from_channel: str
    to_channel: str
    reason: str  # a failure class, `silence`, `not_started` or `unknown`


class MessageData(_Data):
    """What happened to a message. Consumers keep the event with the highest `sequence`."""

    message_id: str
    tenant: str
    status: MessageStatus
    outcome: Outcome | None
    terminal: bool  # this event set the outcome
    late: bool  # it came after the outcome
    sequence: int
    occurred_at: datetime  # the provider's clock where it told one
    received_at: datetime
    step: int | None = None
    attempt_id: str | None = None
    channel: str | None = None
    provider: str | None = None
    account: str | None = None
    provider_message_id: str | None = None
    failure: Failure | None = None
    fallback: Fallback | None = None
    confirmed: bool = True  # false: the provider can't tell, success was assumed
    overlap: bool = False  # a later attempt had already started when this success came
    idempotency_key: str
    metadata: dict[str, str] = Field(default_factory=dict)


class CommandData(_Data):
    """The answer to a command."""

    command: str  # the routing key it came with
    tenant: str
    message_id: str | None = None
    idempotency_key: str | None = None
    status: MessageStatus | None = None  # of the message, where there is one
    outcome: Outcome | None = None
    field: str | None = None  # with `rejected`: the field at fault
    reason: str | None = None  # with `rejected` and `too_late`
    channels: list[str] | None = None  # with `accepted`: the channels that may be tried, in order
    expires_at: datetime | None = None


class InboundData(_Data):
    """A message from a recipient."""

    tenant: str
    channel: str
    provider: str
    account: str
    provider_message_id: str
    sender: str
    recipient: str | None = None
    content: InboundKind
    text: str | None = None
    payload: str | None = None
    media: list[InboundMedia] = Field(default_factory=list)
    in_reply_to: str | None = None  # the Herald message it answers, where known
    profile_name: str | None = None
    keyword: str | None = None
    occurred_at: datetime
    received_at: datetime


DataT = TypeVar("DataT", bound=BaseModel)


class Event(BaseModel, Generic[DataT]):
    """A CloudEvent. `id` is the same whenever the same fact is published again."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str = SOURCE
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: DataT


MessageEvent = Event[MessageData]
CommandEvent = Event[CommandData]
InboundEvent = Event[InboundData]
AnyEvent = Event[Any]
HeraldEvent = MessageEvent | CommandEvent | InboundEvent | AnyEvent

_MODELS: dict[str, type[MessageEvent | CommandEvent | InboundEvent]] = {
    "message": MessageEvent,
    "command": CommandEvent,
    "inbound": InboundEvent,
}


class _Typed(BaseModel):
    type: str


def read_event(body: bytes) -> HeraldEvent:
    """Read an event as its family's model; a family of a newer Herald keeps its data as it is.

    Raises:
        ValidationError: it is no event of Herald's.
    """
    family, _what = family_and_what(_Typed.model_validate_json(body).type)
    return _MODELS.get(family, AnyEvent).model_validate_json(body)


def family_and_what(kind: str) -> tuple[str, str]:
    """Take an event's `type` apart: `herald.message.delivered.v1` is message, delivered."""
    parts = kind.split(".")
    return (parts[1], parts[2]) if parts[0] == "herald" and len(parts) == _TYPE_PARTS else ("", "")
