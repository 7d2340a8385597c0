"""Public events: CloudEvents 1.0 in structured JSON, the one vocabulary users consume."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from herald.contracts.account_updates import AccountUpdate
from herald.contracts.failures import Failure
from herald.contracts.identifiers import event_id_for
from herald.contracts.inbound import InboundContent
from herald.contracts.plans import PlannedData
from herald.contracts.vocabulary import (
    Category,
    LenientSenderKind,
    LenientSuppressionReason,
    MessageStatus,
    Outcome,
    SenderKind,
)

SOURCE = "/herald/router"
_TYPE_PARTS = 4  # herald, the family, what happened, the version
COMPLETED = "completed"  # what a command's event says when what it asked for is done
MESSAGE_EVENTS = (
    "sent",
    "delivered",
    "read",
    "clicked",
    "bounced",
    "complained",
    "unsubscribed",
    "deferred",
    "waiting",
    "fallback",
    "failed",
    "expired",
    "cancelled",
)


def event_type(family: str, what: str) -> str:
    """Return an event's `type`, e.g. `herald.message.delivered.v1`."""
    return f"herald.{family}.{what}.v1"


INBOUND_TYPE = event_type("inbound", "received")


def inbound_subject(provider: str, account: str, reference: str) -> str:
    """Return the `subject` of an inbound event: what an account's provider calls it."""
    return f"{provider}/{account}/{reference}"


def inbound_id_of(provider: str, account: str, reference: str) -> str:
    """Return the id of an inbound event: the same however often the provider reports it."""
    return event_id_for(inbound_subject(provider, account, reference), INBOUND_TYPE, "received")


class _Data(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Fallback(_Data):
    """The change from one channel to the next."""

    from_channel: str  # the channel that was left
    to_channel: str  # the one tried next
    reason: str  # a failure class, `silence`, `not_started` or `unknown`


class Waits(_Data):
    """A step that may not start yet."""

    channel: str  # the step's
    reason: str  # `quota`: its tenant's is used up; another word where something else is waited for
    until: datetime  # when it is looked at again


class MessageData(_Data):
    """What happened to a message. Consumers keep the event with the highest `sequence`."""

    message_id: str  # the message's id, a UUID
    tenant: str  # whose message it is
    status: MessageStatus  # how far the message got, with this event
    outcome: Outcome | None  # how it ended; absent while it goes on
    terminal: bool  # this event set the outcome
    late: bool  # it came after the outcome
    sequence: int  # counts the message's events: the highest is the newest
    occurred_at: datetime  # the provider's clock where it gave one
    received_at: datetime  # when Herald heard of it
    step: int | None = None  # which step of the route, from 1
    attempt_id: str | None = None  # the attempt it is about: message, step and try
    channel: str | None = None  # the attempt's channel
    provider: str | None = None  # the provider that was called
    account: str | None = None  # the configured account that was used
    provider_message_id: str | None = None  # the provider's own id of it
    failure: Failure | None = None  # why it failed, where it did
    fallback: Fallback | None = None  # with `fallback`: from where to where, and why
    waits: Waits | None = None  # with `waiting`: what for, and until when
    confirmed: bool = True  # false: the provider can't say, success was assumed
    overlap: bool = False  # a later attempt had already started when this success came
    idempotency_key: str  # the command's, or what stood in for it
    resent_from: str | None = None  # the failed message that an operator sends again with this one
    metadata: dict[str, str] = Field(default_factory=dict)  # as the command gave it


class CommandData(_Data):
    """The answer to a command; with `completed` that what it asked for is done."""

    command: str  # the routing key it came with
    tenant: str  # whose command it was; `unknown` where that can't be read, or it is about all
    message_id: str | None = None  # the message it made or is about
    idempotency_key: str | None = None  # the command's, as far as it can be read
    status: MessageStatus | None = None  # of the message, where there is one
    outcome: Outcome | None = None  # of the message, where it has ended
    field: str | None = None  # with `rejected`: the field at fault
    reason: str | None = None  # with `rejected` and `too_late`
    channels: list[str] | None = None  # with `accepted`: the channels that may be tried, in order
    expires_at: datetime | None = None  # with `accepted`: the end of the message's life
    resent_from: str | None = None  # the message that this one sends again
    dead_letter: str | None = None  # of `dead_letter.replay` and `.drop`: which one is meant
    erasure_id: str | None = None  # of `recipient.erase`: the erasure it is about
    erased: dict[str, int] | None = None  # with `completed`: how much was erased, by table


class InboundData(InboundContent):
    """Something a recipient sent, or said of themselves."""

    tenant: str  # the first one of the account
    channel: str  # on which channel it came
    provider: str  # from which provider
    account: str  # to which configured account
    provider_message_id: str  # the provider's id of it; of a preference a key that Herald made
    sender: str  # the recipient's address: a number in E.164, or the provider's id of them
    sender_kind: LenientSenderKind = SenderKind.OTHER  # what that is
    sender_id: str | None = None  # the provider's own id of them, where `sender` is a number
    recipient: str | None = None  # our number, where the provider names it
    group: str | None = None  # the provider's id of the group it was written in
    in_reply_to: str | None = None  # the Herald message it answers, where known
    attempt_id: str | None = None  # which attempt of that message it answers
    answers: str | None = None  # the provider's id of the message it answers, ours or theirs
    latest_message_id: str | None = None  # the latest one to them here, if they quote none
    profile_name: str | None = None  # what the sender calls themselves
    username: str | None = None  # by which the provider's other users find them
    keyword: str | None = None  # `stop`, `start` or `help`, where the provider read one
    occurred_at: datetime  # the provider's clock where it gave one
    received_at: datetime  # when Herald heard of it
    raw: Any = None  # as the provider sent it, where the tenant's `raw` asks for it


class AccountData(AccountUpdate):
    """News about an account at its provider. Every tenant of the account hears it."""

    tenant: str  # one of the account's
    channel: str  # which channel the account serves
    provider: str  # whose account it is
    account: str  # the configured account
    occurred_at: datetime  # the provider's clock where it gave one
    received_at: datetime  # when Herald heard of it
    raw: Any = None  # as the provider sent it


class RecipientData(_Data):
    """A recipient gets no more messages, or gets them again."""

    tenant: str  # whose recipient it is
    address: str | None = None  # theirs; absent where Herald knows it no more
    address_hash: str  # under the deployment's key, 16 hexadecimal digits, as masks show it
    channel: str | None = None  # on which channel; absent: on every one
    category: Category | None = None  # of which category; absent: of those that the reason stops
    reason: LenientSuppressionReason  # why
    provider: str | None = None  # who reported it, where a provider did
    account: str | None = None  # to which configured account
    message_id: str | None = None  # the message that led to it, where there is one
    occurred_at: datetime  # when it was recorded


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
AccountEvent = Event[AccountData]
RecipientEvent = Event[RecipientData]
PlannedEvent = Event[PlannedData]
AnyEvent = Event[Any]
HeraldEvent = (
    MessageEvent
    | CommandEvent
    | InboundEvent
    | AccountEvent
    | RecipientEvent
    | PlannedEvent
    | AnyEvent
)
PLANNED_TYPE = event_type("message", "planned")

_MODELS: dict[
    str, type[MessageEvent | CommandEvent | InboundEvent | AccountEvent | RecipientEvent]
] = {
    "message": MessageEvent,
    "command": CommandEvent,
    "inbound": InboundEvent,
    "account": AccountEvent,
    "recipient": RecipientEvent,
}


class _Typed(BaseModel):
    type: str


def read_event(body: bytes) -> HeraldEvent:
    """Read an event as its family's model; a family of a newer Herald keeps its data as it is.

    Raises:
        ValidationError: it is no event of Herald's.
    """
    kind = _Typed.model_validate_json(body).type
    if kind == PLANNED_TYPE:  # about a message that there is not
        return PlannedEvent.model_validate_json(body)
    family, _what = family_and_what(kind)
    return _MODELS.get(family, AnyEvent).model_validate_json(body)


def family_and_what(kind: str) -> tuple[str, str]:
    """Take an event's `type` apart: `herald.message.delivered.v1` is message, delivered."""
    parts = kind.split(".")
    return (parts[1], parts[2]) if parts[0] == "herald" and len(parts) == _TYPE_PARTS else ("", "")
