"""Messages, receipts and decisions as the tests of the core need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from herald.contracts.failures import Failure
from herald.contracts.grants import Grant
from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import AttemptReceipt, Return
from herald.contracts.vocabulary import Category, FailureClass, Lane, Receipts, Status
from router.core.decide import decide
from router.core.effects import Answer, Decision, Dispatch, Emit
from router.core.facts import (
    CancelAsked,
    CommandContext,
    Due,
    MessageAccepted,
    ReceiptArrived,
    WithdrawAnswered,
)
from router.core.message import Message, Plan, PlannedStep, State
from router.core.states import DEFAULT_FALLBACK_ON

NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)
MESSAGE_ID = UUID("00000000-0000-4000-8000-000000000001")
CONTEXT = CommandContext(routing_key="message.send", cause="cause-1")
CANCEL = CommandContext(routing_key="message.cancel", cause="cancel-1")
PROVIDERS = {"whatsapp": "whatsapp_cloud", "sms": "twilio", "email": "smtp"}


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def step(channel: str = "whatsapp", **changes: Any) -> PlannedStep:
    """Make a step; its timers are round numbers."""
    fields: dict[str, Any] = {
        "channel": channel,
        "address": "+15550002222",
        "fallback_after": seconds(60),
        "start_within": seconds(300),
        "fallback_on": DEFAULT_FALLBACK_ON,
    }
    return PlannedStep(**fields | changes)


def message(*steps: PlannedStep, lives: timedelta = timedelta(hours=24), **state: Any) -> Message:
    """Make a message that was accepted at NOW and has not begun."""
    plan = Plan(
        steps=steps or (step("whatsapp"), step("sms")),
        category=Category.TRANSACTIONAL,
        lane=Lane.NORMAL,
        expires_at=NOW + lives,
    )
    return Message(
        id=MESSAGE_ID,
        tenant="default",
        idempotency_key="key-1",
        created_at=NOW,
        plan=plan,
        state=State(expire_at=plan.expires_at, **state),
    )


def begun(*steps: PlannedStep, **options: Any) -> Message:
    """Make a message whose first attempt is dispatched."""
    return decide(message(*steps, **options), MessageAccepted(context=CONTEXT), NOW).message


def receipt(of: Message, status: Status, *, attempt: int = -1, **changes: Any) -> ReceiptArrived:
    """Make a receipt about one of the message's attempts, the latest if none is named."""
    target = of.state.attempts[attempt]
    attempt_id = of.attempt_id(target)
    fields: dict[str, Any] = {
        "source": "channel",
        "channel": target.channel,
        "provider": PROVIDERS[target.channel],
        "account": f"{target.channel}-main",
        "attempt_id": str(attempt_id),
        "references": ("ref",),
        "status": status,
        "event_key": f"{status}-key",
        "dispatch": target.dispatch,
        "received_at": NOW,
    }
    return ReceiptArrived(attempt=attempt_id, receipt=AttemptReceipt(**fields | changes))


def accepted(of: Message, receipts: Receipts = Receipts.READ, **options: Any) -> ReceiptArrived:
    return receipt(of, Status.ACCEPTED, receipts=receipts, **options)


def failed(
    of: Message, failure_class: FailureClass, code: str = "x", **options: Any
) -> ReceiptArrived:
    retry_after = options.pop("retry_after", None)
    failure = Failure.of(failure_class, code, retry_after=retry_after)
    return receipt(of, Status.FAILED, failure=failure, **options)


def returned(
    of: Message,
    wait: float | None = None,
    reason: str = "rate_limit",
    *,
    not_before: datetime | None = None,
    grant: Grant | None = None,
    failure: Failure | None = None,
) -> ReceiptArrived:
    """Make a worker's return: for `wait` seconds, or until an hour by the worker's own clock."""
    asked = Return(
        reason=reason,
        wait=None if wait is None else seconds(wait),
        not_before=not_before,
        grant=grant,
    )
    return receipt(of, Status.RETURNED, returned=asked, failure=failure)


def throttled(of: Message, wait: float = 1) -> ReceiptArrived:
    """Make the return of work whose call the provider throttled."""
    failure = Failure.of(FailureClass.RATE_LIMITED, "20429")
    return returned(of, wait, "throttled", failure=failure)


def at(now: datetime, *, gate_open: bool = True) -> Due:
    """Make the clock's fact; no silence is judged while the gate is shut."""
    return Due(silence_until=now if gate_open else None)


def cancel() -> CancelAsked:
    return CancelAsked(context=CANCEL)


def answered(of: Message, *, won: bool, lease_until: datetime | None = None) -> WithdrawAnswered:
    """Answer the pending withdraw."""
    assert of.pending is not None
    return WithdrawAnswered(attempt=of.pending.attempt, won=won, lease_until=lease_until)


def events(decision: Decision) -> list[str]:
    """Name the events of a decision, in order."""
    return [effect.what for effect in decision.effects if isinstance(effect, Emit)]


def answers(decision: Decision) -> list[str]:
    return [effect.answer.value for effect in decision.effects if isinstance(effect, Answer)]


def dispatched(decision: Decision) -> list[str]:
    """Name the attempts a decision puts on the bus, as `channel step.try/dispatch`."""
    return [
        f"{a.channel} {a.step}.{a.number}/{a.dispatch}"
        for a in (effect.attempt for effect in decision.effects if isinstance(effect, Dispatch))
    ]


def attempt_id(of: Message, index: int = -1) -> AttemptId:
    return of.attempt_id(of.state.attempts[index])
