"""What would become of a message, as lines for a reader. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from herald.contracts.durations import format_duration
from herald.contracts.failures import Failure
from herald.contracts.plans import ChannelPlan, PlannedData, Start, StepPlan
from herald.contracts.vocabulary import CommandAnswer

_INDENT = " " * 11


def plan_lines(plan: PlannedData) -> Iterator[str]:
    """Write a plan, a few lines a step."""
    yield f"{plan.answer:<10} {plan.message_id}  key {plan.idempotency_key}"
    if plan.answer is CommandAnswer.DUPLICATE:
        yield f"{_INDENT}there is such a message already, it is {plan.status}: nothing is sent"
        return
    route = f"route {plan.route}" if plan.route else "steps of its own"
    sender = f", sender {plan.sender}" if plan.sender else ""
    yield f"{_INDENT}{plan.category}, {plan.lane} lane, {route}{sender}"
    if plan.send_at is not None:
        yield f"{_INDENT}kept until {_moment(plan.send_at)}; what follows is as of now"
    yield f"{_INDENT}ends by {_moment(plan.expires_at)}"
    for step in plan.steps:
        yield from _step_lines(step)
    for left in plan.left_out:
        yield f"left out   step {left.step} of the route: {left.reason}"


def _step_lines(step: StepPlan) -> Iterator[str]:
    sender = f" from {step.sender}" if step.sender else ""
    yield f"step {step.step:<5} {step.channel}{sender}: {_start(step)}"
    if step.says is not None:
        yield f"{_INDENT}says {step.says}"
    if step.worker is not None:
        yield from (_INDENT + line for line in _worker_lines(step.worker))
    elif step.no_answer is not None:
        yield f"{_INDENT}{step.no_answer}"
    if step.start is not Start.SKIPPED:
        yield f"{_INDENT}{_next(step)}"
    yield from (_INDENT + note for note in step.notes)


def _start(step: StepPlan) -> str:
    if step.start is Start.SKIPPED:
        return f"skipped, {step.reason}" + (f" ({_failure(step.failure)})" if step.failure else "")
    if step.start is Start.LATER and step.not_before is not None:
        return f"waits for {step.reason} until {_moment(step.not_before)}"
    if step.start is Start.QUEUED:
        return "waits until its channel has room"
    return "starts at once" if step.step == 1 else "starts once the step before it is left"


def _worker_lines(worker: ChannelPlan) -> Iterator[str]:
    account = f"{worker.account} ({worker.provider})" if worker.account else "no account"
    way = f" by {worker.egress}" if worker.egress else ""
    if worker.call == "now":
        yield f"{account} calls at once{way}"
    elif worker.call == "later":
        wait = f" in {_rounded(worker.wait)}" if worker.wait is not None else ""
        yield f"{account} calls{wait}{way}: {worker.reason}"
    else:
        yield f"{account} makes no call" + (
            f": {_failure(worker.failure)}" if worker.failure else ""
        )
    says = (
        f"template {worker.template}" if worker.template else None,
        _segments(worker),
        f"costs about {worker.cost}" if worker.cost is not None else None,
        f"news up to {worker.receipts}" if worker.receipts is not None else None,
    )
    if any(says):
        yield ", ".join(filter(None, says))


def _segments(worker: ChannelPlan) -> str | None:
    if worker.segments is None:
        return None
    how = f"{worker.encoding}, transliterated" if worker.transliterated else worker.encoding
    return f"{worker.segments} segment{'' if worker.segments == 1 else 's'} ({how})"


def _next(step: StepPlan) -> str:
    start = f", started within {format_duration(step.start_within)}" if step.start_within else ""
    silence = format_duration(step.fallback_after)
    return f"succeeds when {step.success_on}{start}; the next step after {silence} of silence"


def _failure(failure: Failure) -> str:
    code = f"{failure.failure_class} {failure.code}".strip()
    return ": ".join(filter(None, (code, failure.text)))


def _moment(moment: datetime) -> str:
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")


def _rounded(wait: timedelta) -> str:
    """Write a wait as a reader takes it in: whole seconds from one second on."""
    return format_duration(
        timedelta(seconds=round(wait.total_seconds())) if wait >= timedelta(seconds=1) else wait
    )
