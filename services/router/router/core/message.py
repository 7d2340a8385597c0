"""The aggregate: one message with its plan, its attempts and its deadlines. Values only.

The parts that are stored leave out what is as by default: see `router.core.stored`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from herald.contracts.failures import Failure
from herald.contracts.grants import Grant
from herald.contracts.identifiers import AttemptId
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import (
    Category,
    FailureClass,
    Lane,
    MessageStatus,
    Outcome,
    Receipts,
    Status,
    SuccessOn,
)
from router.core.facts import CommandContext, ReceiptArrived
from router.core.states import LIVE


class PlannedStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step as resolved at acceptance; editing a route later does not touch it."""

    channel: str
    address: str
    sender: str | None = None
    account: str | None = None
    success_on: SuccessOn = SuccessOn.DELIVERED
    fallback_after: timedelta
    learns_fallback: bool | None = None  # rather as long as deliveries are known to take
    start_within: timedelta | None = None
    fallback_on: frozenset[FailureClass]
    says: str | None = None  # the template of herald.toml that its content was made from
    parts: int | None = None  # that it is billed as, where its tenant's spending is limited
    # what is said while the recipient may get a template only; None: there is no such time
    outside_window: Literal["template", "nothing"] | None = None
    template_accounts: tuple[str, ...] | None = None  # that can send that template; None: all


class Plan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What never changes about a message after its acceptance, its content apart."""

    steps: tuple[PlannedStep, ...]
    category: Category
    lane: Lane
    expires_at: datetime
    send_at: datetime | None = None  # the hour it was kept for, if it was in the future
    recipient_name: str | None = None
    correlation_id: str | None = None
    metadata: dict[str, str] = {}
    route: str | None = None  # the configured route it was accepted with; none: steps of its own
    sender: str | None = None  # the configured sender, likewise
    resent_from: UUID | None = None  # the message that it sends again
    timezones: tuple[str, ...] = ()  # where the recipient's clock may be; none: by their number
    trace: TraceContext | None = None  # the span that accepted it: whatever happens later is of it


class Attempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call to one provider account, planned, under way or over. `step` counts from 1."""

    step: int
    number: int
    channel: str
    status: Status = Status.CREATED
    reached: MessageStatus = MessageStatus.QUEUED
    dispatch: int = 0
    dispatched_at: datetime | None = None
    accepted_at: datetime | None = None  # when we recorded the acceptance or that it is unknown
    lease_until: datetime | None = None
    fallback_after: timedelta | None = None  # instead of its step's
    says_template: bool | None = None  # the one for who may get nothing else
    only_account: str | None = None  # of those that serve its step
    provider: str | None = None
    account: str | None = None
    reference: str | None = None
    receipts: Receipts | None = None
    failure: Failure | None = None
    outside_window: bool | None = None  # refused, for the recipient had not written lately
    grant: Grant | None = None  # of its last return, for the worker that gets it next
    flags: tuple[Status, ...] = ()


class Waiting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step without an attempt that starts later: at `until`, or when there is room for it."""

    step: int
    why: str  # a word for the timeline: what it waits for
    since: datetime
    until: datetime | None = None  # None: until it is released
    reason: str | None = None  # why the step before it was left, if an attempt was made


class Intent(StrEnum):
    """Why the router asked to take an attempt back; decides what the answer leads to."""

    NOT_STARTED = "not_started"
    EXPIRY = "expiry"
    CANCEL = "cancel"
    SUCCESS = "success"
    DEAD_LETTERED = "dead_lettered"


class Success(Struct, frozen=True, kw_only=True):
    """A receipt that ends the message, and how far the attempt got."""

    fact: ReceiptArrived
    reached: MessageStatus


class Pending(Struct, frozen=True, kw_only=True):
    """A withdraw that was asked for and not answered yet. Lives only within one transaction."""

    intent: Intent
    attempt: AttemptId
    cause: str  # the key of the fact that led to it
    cancels: tuple[CommandContext, ...] = ()  # whom to answer, in the order in which they asked
    success: Success | None = None  # to emit once the answer is known


class Asking(Struct, frozen=True, kw_only=True):
    """A step whose clearance was asked for. Lives only within one transaction."""

    step: int
    cause: str  # the cause of what led to it
    key: str  # that fact's own
    reason: str | None = None  # why the step before it was left, if an attempt was made
    is_released: bool = False  # its backlog has room for it
    is_again: bool = False  # its attempt was returned, and is to be handed out again


class State(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changes: the attempts, how far they got, and when to look again."""

    attempts: tuple[Attempt, ...] = ()
    sequence: int = 0
    stopped: bool = False  # a cancel came too late: no retry and no fallback any more
    cancel_cause: str | None = None
    send_at: datetime | None = None
    waiting: Waiting | None = None
    waited_for: tuple[str, ...] = ()  # reasons, each with its event
    retry_at: datetime | None = None
    start_by: datetime | None = None
    fallback_at: datetime | None = None
    expire_at: datetime | None = None  # the plan's, or later while a started attempt is awaited


class Message(Struct, frozen=True, kw_only=True):
    """One message. `status` may rise after the end; `outcome` is set once."""

    id: UUID
    tenant: str
    idempotency_key: str
    created_at: datetime
    plan: Plan
    status: MessageStatus = MessageStatus.QUEUED
    outcome: Outcome | None = None
    state: State = State()
    pending: Pending | None = None  # never stored
    asking: Asking | None = None  # never stored
    is_erased: bool = False  # what it said and to whom is gone; only states are kept

    @property
    def names(self) -> tuple[UUID, tuple[str, str]]:
        """What no other message has: its id, and its key with its tenant."""
        return self.id, (self.tenant, self.idempotency_key)

    @property
    def current(self) -> Attempt | None:
        """The latest attempt; every earlier one is over or waited for in vain."""
        return self.state.attempts[-1] if self.state.attempts else None

    @property
    def live(self) -> Attempt | None:
        """The attempt a worker has or may have: at most one, and always the latest."""
        current = self.current
        return current if current is not None and current.status in LIVE else None

    def step(self, attempt: Attempt) -> PlannedStep:
        """Return the step `attempt` belongs to."""
        return self.plan.steps[attempt.step - 1]

    def fallback_after(self, attempt: Attempt) -> timedelta:
        """Return how long to wait for news of `attempt` before the next step is tried."""
        return attempt.fallback_after or self.step(attempt).fallback_after

    def is_last_step(self, attempt: Attempt) -> bool:
        """Whether no step comes after the attempt's."""
        return attempt.step == len(self.plan.steps)

    def attempt_id(self, attempt: Attempt) -> AttemptId:
        """Return the attempt's public name."""
        return AttemptId(self.id, attempt.step, attempt.number)

    def find(self, attempt_id: AttemptId) -> Attempt | None:
        """Return the attempt of that name."""
        for attempt in self.state.attempts:
            if (attempt.step, attempt.number) == (attempt_id.step, attempt_id.number):
                return attempt
        return None

    def with_state(self, **changes: Any) -> Message:
        """Return the message with fields of its state changed."""
        return replace(self, state=replace(self.state, **changes))

    def with_attempt(self, attempt: Attempt, **changes: Any) -> Message:
        """Return the message with the attempt of the same step and number replaced.

        `changes`: of fields of its state, too.
        """
        attempts = tuple(
            attempt if (old.step, old.number) == (attempt.step, attempt.number) else old
            for old in self.state.attempts
        )
        return self.with_state(attempts=attempts, **changes)


def step_content_name(channel: str, step: int) -> str:
    """Name what a step says, beside what its channel says, among a message's contents."""
    return f"{channel}.{step}"
