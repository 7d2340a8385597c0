"""When to look at a message again: computed from its state by two functions, nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from router.core.message import Message

# After a withdraw lost the report decides; ask again when its lease must have ended.
AFTER_LEASE = timedelta(seconds=10)


def due_at(message: Message) -> datetime | None:
    """Return the next deadline that the clock alone decides; None after the outcome."""
    if message.outcome is not None:
        return None
    state = message.state
    return _earliest(state.send_at, state.retry_at, state.expire_at)


def silence_at(message: Message) -> datetime | None:
    """Return the next deadline that is judged only with open ears; None after the outcome."""
    if message.outcome is not None:
        return None
    return _earliest(message.state.start_by, message.state.fallback_at)


def passed(deadline: datetime | None, limit: datetime | None) -> bool:
    """Whether `deadline` is set and at or before `limit`."""
    return deadline is not None and limit is not None and deadline <= limit


def recheck_at(lease_until: datetime | None, now: datetime) -> datetime:
    """Return when to ask again for an attempt that a worker had first."""
    return max(now, lease_until or now) + AFTER_LEASE


def _earliest(*deadlines: datetime | None) -> datetime | None:
    return min((deadline for deadline in deadlines if deadline is not None), default=None)
