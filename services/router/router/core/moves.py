"""Moves of the plan, as state and effects."""

from __future__ import annotations

from herald.contracts.vocabulary import Outcome
from router.core.draft import Draft
from router.core.fallback import GiveUp, Move, NextStep, Retry
from router.core.hops import begin_step
from router.core.message import Attempt


def carry_out(draft: Draft, ended: Attempt, move: Move) -> None:
    """Turn a move into state and effects."""
    if isinstance(move, GiveUp):
        draft.emit("failed", attempt=ended, failure=move.failure, outcome=Outcome.FAILED)
    elif draft.now >= draft.message.plan.expires_at:
        draft.emit("expired", attempt=ended, outcome=Outcome.EXPIRED)
    elif isinstance(move, NextStep):
        begin_step(draft, move.step, move.reason)
    else:
        _retry(draft, ended, move)


def _retry(draft: Draft, ended: Attempt, move: Retry) -> None:
    if move.at <= draft.now:
        begin_step(draft, ended.step)
    else:
        draft.update_state(retry_at=move.at, start_by=None, fallback_at=None)
        draft.note(f"retry at {move.at.isoformat(timespec='milliseconds')}")
