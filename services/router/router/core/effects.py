"""What a decision asks for, as values; the unit of work carries it out."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from herald.contracts.events import Fallback, Waits
from herald.contracts.failures import Failure
from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import CommandAnswer, MessageStatus, Outcome
from router.core.consent import Finding
from router.core.facts import CommandContext
from router.core.message import Attempt, Message


class Timer(StrEnum):
    """The kinds of deadline."""

    EXPIRY = "expiry"
    SEND_AT = "send_at"
    WAIT = "wait"
    RETRY = "retry"
    START_WITHIN = "start_within"
    FALLBACK = "fallback"


class Dispatch(Struct, frozen=True, kw_only=True):
    """Put the attempt's work on the bus."""

    attempt: Attempt


class Withdraw(Struct, frozen=True, kw_only=True):
    """Ask to take the attempt back; the answer comes as a fact in the same transaction."""

    attempt: AttemptId


class AskClearance(Struct, frozen=True, kw_only=True):
    """Find out whether a step may start; the answer comes as a fact in the same transaction."""

    step: int
    is_released: bool = False


class Emit(Struct, frozen=True, kw_only=True):
    """Publish a message event; status and outcome are those of this moment."""

    what: str
    cause: str
    sequence: int
    status: MessageStatus
    outcome: Outcome | None
    terminal: bool
    late: bool
    attempt: Attempt | None = None
    receipt: AttemptReceipt | None = None
    fallback: Fallback | None = None
    waits: Waits | None = None
    failure: Failure | None = None
    confirmed: bool = True
    overlap: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """Answer a command about this message."""

    answer: CommandAnswer
    context: CommandContext
    status: MessageStatus
    outcome: Outcome | None
    reason: str | None = None


class Suppress(Struct, frozen=True, kw_only=True):
    """Record what a receipt says of its recipient's consent or address."""

    attempt: Attempt
    finding: Finding
    receipt: AttemptReceipt
    cause: str


class Skip(Struct, frozen=True, kw_only=True):
    """Count a step that was left out; the history has it in its note."""

    channel: str
    reason: str


Effect = Dispatch | Withdraw | AskClearance | Emit | Answer | Suppress | Skip


class Decision(Struct, frozen=True, kw_only=True):
    """The message as it is now, the effects, and why in a few words."""

    message: Message
    effects: tuple[Effect, ...]
    key: str  # the fact's own: with it the history keeps each fact once
    note: str
    timer: Timer | None = None  # the deadline that was acted on
