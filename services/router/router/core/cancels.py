"""What a cancel leads to: the end where nothing is on its way, else a plan that stops."""

from __future__ import annotations

from herald.vocabulary import CommandAnswer, Outcome
from router.core.draft import Draft
from router.core.facts import CommandContext
from router.core.message import Intent
from router.core.states import OPEN, WITHDRAWABLE


def ask_cancel(draft: Draft, context: CommandContext) -> None:
    message = draft.message
    if message.outcome is Outcome.CANCELLED:
        again = message.state.cancel_cause == context.cause
        draft.answer(CommandAnswer.ACCEPTED if again else CommandAnswer.DUPLICATE, context)
    elif message.outcome is not None:
        draft.answer(CommandAnswer.TOO_LATE, context, f"already {message.outcome}")
    elif message.state.stopped or message.pending is not None:
        draft.answer(CommandAnswer.TOO_LATE, context, "already under way")
    else:
        draft.update(cancel_cause=context.cause)
        if message.live is not None and message.live.status in WITHDRAWABLE:
            draft.withdraw(Intent.CANCEL, message.live, cancel=context)
        else:
            conclude_cancel(draft, context)


def conclude_cancel(draft: Draft, context: CommandContext) -> None:
    """End the message, or stop its plan when something is already on its way."""
    if any(attempt.status in OPEN for attempt in draft.message.state.attempts):
        _stop(draft)
        draft.answer(CommandAnswer.TOO_LATE, context, "already under way")
    else:
        draft.emit("cancelled", outcome=Outcome.CANCELLED)
        draft.answer(CommandAnswer.ACCEPTED, context)


def _stop(draft: Draft) -> None:
    draft.update(stopped=True, retry_at=None, start_by=None, fallback_at=None)
    draft.note("plan stopped")


def end_if_nothing_is_open(draft: Draft) -> None:
    if not any(attempt.status in OPEN for attempt in draft.message.state.attempts):
        draft.emit("cancelled", outcome=Outcome.CANCELLED)
