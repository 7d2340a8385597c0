"""Receipts: what channels and ingress report of attempts, inbound messages and accounts.

Lenient inside: unknown fields are ignored and unknown words become `other`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticSerializationError, to_json

from herald.contracts.account_updates import AccountUpdate
from herald.contracts.durations import Duration
from herald.contracts.failures import Failure
from herald.contracts.grants import Grant
from herald.contracts.identifiers import amqp_message_id
from herald.contracts.inbound import InboundContent
from herald.contracts.plans import ChannelPlan
from herald.contracts.text import storable
from herald.contracts.vocabulary import (
    Lane,
    LenientLane,
    LenientSenderKind,
    LenientStatus,
    Receipts,
    Status,
)

MAX_ELEMENT_BYTES = 32 * 1024
MAX_ELEMENT_LEVELS = 64  # of lists and objects in one another: readers of JSON take 200
MAX_RECEIPT_BYTES = MAX_ELEMENT_BYTES + 8 * 1024  # with all its other fields


class _Fact(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Return(_Fact):
    """Why a worker gave its work back without a call, and when to hand it out again."""

    reason: str
    wait: Duration | None = None  # until a call may be made, as the worker expects it
    not_before: datetime | None = None  # by the worker's clock; workers of 0.1 say it so
    grant: Grant | None = None  # its place in the queue of a limit, to be handed out with it


class LinkRecipient(_Fact):
    """Whom the unsubscribe link of a mail names: by a hash, as suppressions do."""

    tenant: str
    address_hash: int
    hashed_with: str  # names the hash's key: hexadecimal digits


class AttemptReceipt(_Fact):
    """What became of one attempt, reported by its worker or by the provider's webhook.

    An attempt is named by `attempt_id`, or found by (provider, account, references).
    """

    kind: Literal["attempt"] = "attempt"
    source: Literal["channel", "webhook"]
    channel: str
    provider: str
    account: str
    attempt_id: str | None = None
    references: tuple[str, ...] = ()  # the provider's ids of what it accepted
    status: LenientStatus
    event_key: str  # with attempt and status the fact's own key: dispatch, or the provider's event
    failure: Failure | None = None
    # it failed because the recipient had not written lately: a template may still go
    outside_window: bool = Field(default=False, exclude_if=lambda is_outside: not is_outside)
    receipts: Receipts | None = None  # with `accepted`: the furthest news to expect
    returned: Return | None = None
    dispatch: int | None = None
    lane: LenientLane | None = None  # of its message, as far as its publisher knows it
    occurred_at: datetime | None = None  # the provider's clock
    received_at: datetime  # ours
    element: Any = None  # the provider's own words, for the history
    # whose unsubscribe link was followed: then it is of no provider, and no account
    recipient: LinkRecipient | None = None

    @property
    def receipt_id(self) -> str:
        """The AMQP message id: the same fact reported twice has the same one."""
        name = self.attempt_id or self.references[0]
        return attempt_receipt_id(self.provider, self.account, name, self.status, self.event_key)


def attempt_receipt_id(
    provider: str, account: str, name: str, status: Status, event_key: str
) -> str:
    """Make the id of a receipt; `name`: its attempt's id, or else the provider's own."""
    return amqp_message_id(provider, account, name, status, event_key)


class InboundReceipt(InboundContent):
    """Something a recipient sent to one of our numbers, or said of themselves there."""

    kind: Literal["inbound"] = "inbound"
    channel: str
    provider: str
    account: str
    reference: str  # the provider's id of it, or a key made of its content; dedupes repeats
    sender: str  # E.164, an e-mail address, or the provider's own user id
    sender_kind: LenientSenderKind | None = None  # what that is; None: it shows by itself
    sender_id: str | None = None  # the provider's own id of the sender, where `sender` is a number
    recipient: str | None = None  # our number or address
    group: str | None = None  # the provider's id of the group it was written in
    in_reply_to: str | None = None  # the provider's id of the message it answers
    # other ids that the provider may have given to that message
    quoted: tuple[str, ...] = Field(default=(), exclude_if=lambda ids: not ids)
    answered_attempt: str | None = None  # ours, where what it answers carries our attempt's id
    profile_name: str | None = None
    username: str | None = None
    keyword: Literal["stop", "start", "help"] | None = None  # as the provider classified it
    occurred_at: datetime | None = None
    received_at: datetime
    element: Any = None

    @property
    def receipt_id(self) -> str:
        """The AMQP message id: the same message reported twice has the same one."""
        return amqp_message_id(self.provider, self.account, "in", self.reference)


class AccountReceipt(AccountUpdate):
    """News about one of our accounts at its provider."""

    kind: Literal["account"] = "account"
    channel: str
    provider: str
    account: str
    event_key: str  # with the account the news's own key
    occurred_at: datetime | None = None  # the provider's clock
    received_at: datetime  # ours
    element: Any = None

    @property
    def receipt_id(self) -> str:
        """The AMQP message id: the same news reported twice has the same one."""
        return amqp_message_id(self.provider, self.account, "account", self.event_key)


class PlannedReceipt(_Fact):
    """What a worker would do with a step of a dry run: its answer to work of the kind `plan`."""

    kind: Literal["planned"] = "planned"
    source: Literal["channel"] = "channel"
    channel: str
    attempt_id: str  # as the work names it: the dry run's id, the step, and 1
    lane: LenientLane = Lane.NORMAL
    plan: ChannelPlan
    received_at: datetime  # ours

    @property
    def receipt_id(self) -> str:
        """The AMQP message id: the same question answered again has the same one."""
        return amqp_message_id("planned", self.attempt_id)


class Pulse(_Fact):
    """A message of a router or of ingress that goes through the receipts and is none.

    Who has handled it has handled everything that came before it in its queue.
    """

    kind: Literal["pulse"] = "pulse"
    source: Literal["router", "ingress"]
    instance: UUID  # of the process that sent it
    sent_at: datetime | None = None  # a router's: the database's clock
    silent_seconds: float = 0.0  # ingress's: how long before this one nothing could be published
    leaving: bool = False  # ingress's: it stops, and there is no other after this one
    # ingress's: whether something waits on its disk for the bus; None: it keeps nothing there
    holds_something: bool | None = None


Receipt = AttemptReceipt | InboundReceipt | AccountReceipt
RECEIPT: TypeAdapter[Receipt | PlannedReceipt | Pulse] = TypeAdapter(
    Annotated[Receipt | PlannedReceipt | Pulse, Field(discriminator="kind")]
)


def bounded_element(element: Any, *, start_bytes: int = 2048) -> Any:
    """Make a provider's element fit for the history: storable text, at most 32 KiB and 64 levels.

    Of a larger one `start_bytes` are kept, as text.
    """
    try:
        encoded = to_json(element, inf_nan_mode="null")
        is_clean = b"\\u0000" not in encoded  # nor a lone surrogate, which can't be encoded
    except PydanticSerializationError:
        is_clean = False
    if not is_clean:
        element = storable(element)
        encoded = to_json(element, inf_nan_mode="null")
    if len(encoded) <= MAX_ELEMENT_BYTES and not _is_too_deep(element, encoded):
        return element
    start = encoded[:start_bytes].decode(errors="replace")
    return {"truncated": True, "bytes": len(encoded), "start": start}


def _is_too_deep(element: Any, encoded: bytes) -> bool:
    if encoded.count(b"[") + encoded.count(b"{") <= MAX_ELEMENT_LEVELS:
        return False  # as mostly
    levels, inner = 0, [element]
    while inner and levels <= MAX_ELEMENT_LEVELS:
        levels += 1
        parts = [part for part in inner if isinstance(part, (dict, list, tuple))]
        inner = [each for part in parts for each in _values(part)]
    return bool(inner)


def _values(part: Any) -> Iterable[Any]:
    return part.values() if isinstance(part, dict) else part
