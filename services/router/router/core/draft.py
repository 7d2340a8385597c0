"""A message while a decision about it is made: its state as it changes, and the effects so far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from herald.contracts.events import Fallback, Waits
from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import CommandAnswer, Outcome, Status
from router.core.clearance import CLEAR, Clearance
from router.core.consent import Finding
from router.core.effects import (
    Answer,
    AskClearance,
    Decision,
    Dispatch,
    Effect,
    Emit,
    Skip,
    Suppress,
    Timer,
    Withdraw,
)
from router.core.facts import CommandContext
from router.core.fallback import start_deadline
from router.core.message import Asking, Attempt, Intent, Message, Pending


class Draft:
    """Local to one decision; nobody outside `decide` sees it."""

    def __init__(
        self,
        message: Message,
        now: datetime,
        cause: str,
        cleared: Mapping[int, Clearance] | None = None,
    ) -> None:
        self.message = message
        self.cleared = cleared  # by step; None: nothing stands in any step's way
        self.now = now
        self.cause = cause
        self.key: str | None = None  # of the fact in the history, where it is not the events' cause
        self.timer: Timer | None = None  # the deadline that was acted on
        self.effects: list[Effect] = []
        self.notes: list[str] = []

    def update_state(self, **changes: Any) -> None:
        """Change fields of the message's state."""
        self.message = self.message.with_state(**changes)

    def update_attempt(self, attempt: Attempt, **changes: Any) -> Attempt:
        """Change fields of an attempt and return it as it is now."""
        after = replace(attempt, **changes)
        self.message = self.message.with_attempt(after)
        return after

    def note(self, text: str) -> None:
        """Add why to the history's note."""
        self.notes.append(text)

    def emit(
        self,
        what: str,
        *,
        attempt: Attempt | None = None,
        receipt: AttemptReceipt | None = None,
        fallback: Fallback | None = None,
        waits: Waits | None = None,
        failure: Failure | None = None,
        outcome: Outcome | None = None,
        confirmed: bool = True,
        overlap: bool = False,
    ) -> None:
        """Emit an event; with `outcome` it is also the message's end."""
        late = self.message.outcome is not None
        terminal = outcome is not None and not late
        sequence = self.message.state.sequence + 1
        if outcome is not None and not late:
            self._end(outcome, sequence)
        else:
            self.update_state(sequence=sequence)
        self.effects.append(
            Emit(
                what=what,
                cause=self.cause,
                sequence=sequence,
                status=self.message.status,
                outcome=self.message.outcome,
                terminal=terminal,
                late=late,
                attempt=attempt,
                receipt=receipt,
                fallback=fallback,
                waits=waits,
                failure=failure,
                confirmed=confirmed,
                overlap=overlap,
            )
        )

    def clearance(self, step: int) -> Clearance | None:
        """Return what was found out about a step; None: it must be asked for."""
        return CLEAR if self.cleared is None else self.cleared.get(step)

    def ask_clearance(
        self,
        step: int,
        reason: str | None = None,
        *,
        is_released: bool = False,
        is_again: bool = False,
    ) -> None:
        """Ask whether a step may start; everything else waits for the answer."""
        asking = Asking(
            step=step,
            cause=self.cause,
            key=self.key or self.cause,
            reason=reason,
            is_released=is_released,
            is_again=is_again,
        )
        self.message = replace(self.message, asking=asking)
        self.effects.append(AskClearance(step=step, is_released=is_released))

    def start_attempt(self, step: int, clearance: Clearance = CLEAR) -> None:
        """Make the next attempt of `step` and put its work on the bus."""
        planned = self.message.plan.steps[step - 1]
        tries = sum(1 for attempt in self.message.state.attempts if attempt.step == step)
        attempt = Attempt(
            step=step,
            number=tries + 1,
            channel=planned.channel,
            status=Status.DISPATCHED,
            dispatch=1,
            dispatched_at=self.now,
            fallback_after=clearance.fallback_after,
            says_template=clearance.says_template or None,
            only_account=clearance.only_account,
        )
        self.update_state(
            attempts=(*self.message.state.attempts, attempt),
            send_at=None,
            waiting=None,
            retry_at=None,
            fallback_at=None,
            start_by=start_deadline(self.message, step, self.now),
        )
        self.effects.append(Dispatch(attempt=attempt))
        self.note(f"dispatched {planned.channel} {step}.{attempt.number}")
        for text in clearance.notes:
            self.note(text)

    def dispatch_again(self, attempt: Attempt, clearance: Clearance = CLEAR) -> None:
        """Put a returned attempt's work on the bus once more."""
        again = self.update_attempt(
            attempt,
            dispatch=attempt.dispatch + 1,
            says_template=clearance.says_template or None,
            only_account=clearance.only_account,
        )
        self.effects.append(Dispatch(attempt=again))
        self.note(f"dispatched again ({again.dispatch})")

    def ask_withdraw(self, intent: Intent, attempt: Attempt, **about: Any) -> None:
        """Ask to take the attempt back; everything else waits for the answer."""
        attempt_id = self.message.attempt_id(attempt)
        pending = Pending(intent=intent, attempt=attempt_id, cause=self.cause, **about)
        self.message = replace(self.message, pending=pending)
        self.effects.append(Withdraw(attempt=attempt_id))
        self.note(f"withdraw asked: {intent}")

    def skip(self, step: int, reason: str) -> None:
        """Leave a step out."""
        channel = self.message.plan.steps[step - 1].channel
        self.effects.append(Skip(channel=channel, reason=reason))
        self.note(f"skipped {channel} (step {step}): {reason}")

    def suppress(self, attempt: Attempt, finding: Finding, receipt: AttemptReceipt) -> None:
        """Record what a receipt says of the attempt's recipient."""
        effect = Suppress(attempt=attempt, finding=finding, receipt=receipt, cause=self.cause)
        self.effects.append(effect)
        self.note(f"recipient: {finding.reason}")

    def answer_command(
        self, answer: CommandAnswer, context: CommandContext, reason: str | None = None
    ) -> None:
        """Answer a command that wants it."""
        if not context.wants_answer:
            return
        self.effects.append(
            Answer(
                answer=answer,
                context=context,
                status=self.message.status,
                outcome=self.message.outcome,
                reason=reason,
            )
        )

    def decision(self) -> Decision:
        """Return what was decided."""
        return Decision(
            message=self.message,
            effects=tuple(self.effects),
            key=self.key or self.cause,
            timer=self.timer,
            note="; ".join(self.notes) or "no change",
        )

    def _end(self, outcome: Outcome, sequence: int) -> None:
        state = replace(
            self.message.state,
            sequence=sequence,
            send_at=None,
            waiting=None,
            retry_at=None,
            start_by=None,
            fallback_at=None,
            expire_at=None,
        )
        self.message = replace(self.message, outcome=outcome, state=state)
        self.note(f"outcome {outcome}")
