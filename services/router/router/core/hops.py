"""How a step starts: once it is cleared, now or later, or not at all and then the next one."""

from __future__ import annotations

from msgspec.structs import replace

from herald.contracts.events import Fallback, Waits
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Outcome
from router.core.clearance import Clearance, Refusal, Wait
from router.core.draft import Draft
from router.core.facts import Cleared, Released
from router.core.message import Attempt, Intent, Plan, Waiting

BACKLOG = "backlog"


def begin_step(
    draft: Draft, step: int, reason: str | None = None, *, is_released: bool = False
) -> None:
    """Start a step, as far as it is cleared. `reason`: why the step before it was left."""
    clearance = draft.clearance(step)
    if clearance is None:
        draft.ask_clearance(step, reason, is_released=is_released)
        return
    refusal = refusal_of(draft.message.plan, clearance)
    if refusal is not None:
        _skip(draft, step, reason, refusal)
    elif clearance.wait is not None and clearance.wait.until > draft.now:
        _wait(draft, step, reason, clearance.wait)
    elif clearance.is_queued and not is_released:
        _wait(draft, step, reason, None)
    else:
        _start(draft, step, reason, clearance)


def hand_out_again(draft: Draft, attempt: Attempt) -> None:
    """Hand returned work out again, unless its step is not cleared any more."""
    clearance = draft.clearance(attempt.step)
    if clearance is None:
        draft.ask_clearance(attempt.step, is_again=True)
        return
    refusal = refusal_of(draft.message.plan, clearance)
    if refusal is not None:
        attempt = draft.update_attempt(attempt, failure=refusal.failure)
        draft.note(f"skipped: {refusal.reason}")
        draft.ask_withdraw(Intent.NOT_STARTED, attempt)
    elif clearance.wait is not None and clearance.wait.until > draft.now:
        draft.update_state(retry_at=clearance.wait.until)
        draft.note(_waits(clearance.wait))
    else:
        draft.dispatch_again(attempt, clearance)


def refusal_of(plan: Plan, clearance: Clearance) -> Refusal | None:
    """Return why a step is left out, if it is."""
    return clearance.refusal or _never_opens(plan, clearance.wait)


def go_on_cleared(draft: Draft, fact: Cleared) -> None:
    """Go on where the clearance was asked for, unless the message is over or stopped meanwhile."""
    message, asking = draft.message, draft.message.asking
    if asking is None or asking.step != fact.step:
        draft.note("refused: nothing was asked")
        return
    draft.message = replace(message, asking=None)
    draft.cause, draft.key = asking.cause, asking.key
    if message.outcome is not None or message.pending is not None or message.state.stopped:
        return
    if not asking.is_again:
        begin_step(draft, asking.step, asking.reason, is_released=asking.is_released)
    elif message.live is not None:
        hand_out_again(draft, message.live)


def release(draft: Draft, fact: Released) -> None:
    """Start a step that waited for room."""
    waiting = draft.message.state.waiting
    if waiting is None or (waiting.step, waiting.since) != (fact.step, fact.since):
        draft.note("refused: it does not wait")
        return
    draft.update_state(waiting=None)
    draft.note("released")
    begin_step(draft, waiting.step, waiting.reason, is_released=True)


def end_wait(draft: Draft) -> None:
    """Start a step whose hour has come."""
    waiting = draft.message.state.waiting
    assert waiting is not None, "its deadline passed"
    draft.update_state(waiting=None)
    begin_step(draft, waiting.step, waiting.reason)


def _start(draft: Draft, step: int, reason: str | None, clearance: Clearance) -> None:
    ended = draft.message.current
    if ended is not None and reason is not None:
        to = draft.message.plan.steps[step - 1].channel
        change = Fallback(from_channel=ended.channel, to_channel=to, reason=reason)
        draft.note(f"fallback {change.from_channel} -> {change.to_channel}: {change.reason}")
        draft.emit("fallback", attempt=ended, fallback=change)
    draft.start_attempt(step, clearance)


def _skip(draft: Draft, step: int, reason: str | None, refusal: Refusal) -> None:
    """Leave a step out: the next one is tried, or the message fails."""
    message = draft.message
    draft.skip(step, refusal.reason)
    if step == len(message.plan.steps):
        failure = refusal.failure
        draft.emit("failed", attempt=message.current, failure=failure, outcome=Outcome.FAILED)
    else:
        was_tried = message.current is not None
        begin_step(draft, step + 1, reason or (refusal.reason if was_tried else None))


def _wait(draft: Draft, step: int, reason: str | None, wait: Wait | None) -> None:
    """Let a step wait, until an hour or for room."""
    waiting = Waiting(
        step=step,
        why=BACKLOG if wait is None else wait.reason,
        since=draft.now,
        until=None if wait is None else wait.until,
        reason=reason,
    )
    draft.update_state(
        waiting=waiting, send_at=None, retry_at=None, start_by=None, fallback_at=None
    )
    channel = draft.message.plan.steps[step - 1].channel
    draft.note(f"{channel} (step {step}) {'queued' if wait is None else _waits(wait)}")
    if wait is not None and wait.reason not in draft.message.state.waited_for:
        draft.update_state(waited_for=(*draft.message.state.waited_for, wait.reason))
        draft.emit("waiting", waits=Waits(channel=channel, reason=wait.reason, until=wait.until))


def _waits(wait: Wait) -> str:
    return f"waits for {wait.reason} until {wait.until.isoformat(timespec='seconds')}"


def _never_opens(plan: Plan, wait: Wait | None) -> Refusal | None:
    """Return why a step is left out that would have to wait past the end of its message."""
    if wait is None or wait.until < plan.expires_at:
        return None
    text = "it may not start before the message's end"
    return Refusal(wait.reason, Failure.of(FailureClass.PERMANENT, wait.reason, text))
