"""Cancels: the message ends if nothing is on its way, else its plan stops."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from herald.contracts.vocabulary import CommandAnswer, Outcome
from router.core.draft import Draft
from router.core.facts import CommandContext
from router.core.message import Intent
from router.core.states import OPEN, WITHDRAWABLE


def ask_cancel(draft: Draft, context: CommandContext) -> None:
    """Cancel the message if that is still possible; the same command gets the same answer again."""
    message, state = draft.message, draft.message.state
    same = state.cancel_cause == context.cause
    if message.outcome is Outcome.CANCELLED and not (same and state.stopped):
        draft.answer_command(CommandAnswer.ACCEPTED if same else CommandAnswer.DUPLICATE, context)
    elif message.outcome is not None:
        draft.answer_command(CommandAnswer.TOO_LATE, context, f"already {message.outcome}")
    elif state.stopped:
        draft.answer_command(CommandAnswer.TOO_LATE, context, "already under way")
    elif message.pending is not None:
        cancels = (*message.pending.cancels, context)
        draft.message = replace(message, pending=replace(message.pending, cancels=cancels))
    elif message.live is not None and message.live.status in WITHDRAWABLE:
        draft.ask_withdraw(Intent.CANCEL, message.live, cancels=(context,))
    else:
        _cancel_or_stop(draft, context)


def conclude_cancels(draft: Draft, contexts: Sequence[CommandContext]) -> None:
    """Carry out the first of the cancels that waited for a withdraw; the others find it done."""
    _cancel_or_stop(draft, contexts[0])
    for context in contexts[1:]:
        ask_cancel(draft, context)


def _cancel_or_stop(draft: Draft, context: CommandContext) -> None:
    """End the message, or stop its plan when something is already on its way."""
    draft.update_state(cancel_cause=context.cause)
    if any(attempt.status in OPEN for attempt in draft.message.state.attempts):
        _stop(draft)
        draft.answer_command(CommandAnswer.TOO_LATE, context, "already under way")
    else:
        draft.emit("cancelled", outcome=Outcome.CANCELLED)
        draft.answer_command(CommandAnswer.ACCEPTED, context)


def _stop(draft: Draft) -> None:
    draft.update_state(stopped=True, waiting=None, retry_at=None, start_by=None, fallback_at=None)
    draft.note("plan stopped")


def end_if_nothing_is_open(draft: Draft) -> None:
    if not any(attempt.status in OPEN for attempt in draft.message.state.attempts):
        draft.emit("cancelled", outcome=Outcome.CANCELLED)
