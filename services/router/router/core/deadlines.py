"""When a message must be looked at again, computed from its state."""

from __future__ import annotations

from datetime import datetime, timedelta

from herald.contracts.vocabulary import Receipts
from router.core.message import Message
from router.core.silence_gate import lane_gate, webhook_gate

# After a withdraw lost the report decides; ask again when its lease must have ended.
AFTER_LEASE = timedelta(seconds=10)


def due_at(message: Message) -> datetime | None:
    """Return the next deadline that the clock alone decides; None after the outcome."""
    if message.outcome is not None:
        return None
    state = message.state
    waits_until = state.waiting.until if state.waiting is not None else None
    return _earliest(state.send_at, waits_until, state.retry_at, state.expire_at)


def silence_at(message: Message) -> datetime | None:
    """Return the next deadline that waits for the silence gate; None after the outcome."""
    if message.outcome is not None:
        return None
    return _earliest(message.state.start_by, message.state.fallback_at)


def gate_of(message: Message) -> str:
    """Name the gate that the next deadline of silence waits for."""
    fallback_at, current = message.state.fallback_at, message.current
    lane = message.plan.lane
    if fallback_at is None or fallback_at != silence_at(message) or current is None:
        return lane_gate(lane)
    # where nothing is reported after the acceptance, there is no webhook to wait for
    return lane_gate(lane) if current.receipts is Receipts.NONE else webhook_gate(lane)


def passed(deadline: datetime | None, limit: datetime | None) -> bool:
    """Whether `deadline` is set and at or before `limit`."""
    return deadline is not None and limit is not None and deadline <= limit


def recheck_at(lease_until: datetime | None, now: datetime) -> datetime:
    """Return when to ask again for an attempt that a worker had first."""
    return max(now, lease_until or now) + AFTER_LEASE


def _earliest(*deadlines: datetime | None) -> datetime | None:
    known = [deadline for deadline in deadlines if deadline is not None]
    return min(known) if known else None
