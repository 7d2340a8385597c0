"""What a decision asks for, as values; the unit of work carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Put the attempt's work on the bus."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Ask to take the attempt back; the answer comes as a fact in the same transaction."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class AskClearance:
    """Find out whether a step may start; the answer comes as a fact in the same transaction."""

    step: int
    is_released: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Emit:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer a command about this message."""

    answer: CommandAnswer
    context: CommandContext
    status: MessageStatus
    outcome: Outcome | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress:
    """Record what a receipt says of its recipient's consent or address."""

    attempt: Attempt
    finding: Finding
    receipt: AttemptReceipt
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Count a step that was left out; the history has it in its note."""

    channel: str
    reason: str


Effect = Dispatch | Withdraw | AskClearance | Emit | Answer | Suppress | Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The message as it is now, the effects, and why in a few words."""

    message: Message
    effects: tuple[Effect, ...]
    key: str  # the fact's own: with it the history keeps each fact once
    note: str
    timer: Timer | None = None  # the deadline that was acted on
