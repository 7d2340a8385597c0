"""What follows an attempt that ended without success: a retry, the next step, or the end."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from msgspec import Struct

from herald.config.file import RetryRules
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status
from router.core.message import Attempt, Message
from router.core.states import ACTIONS, Action

MAX_TRIES = 3
NO_ACCOUNT = "no_account"
NOT_STARTED = "not_started"
_MAX_DOUBLINGS = 20  # beyond any cap; work may be handed out a thousand times


class Retry(Struct, frozen=True):
    """Make another attempt of the same step at `at`."""

    at: datetime


class NextStep(Struct, frozen=True):
    """Make an attempt of step number `step`."""

    step: int
    reason: str


class GiveUp(Struct, frozen=True):
    """Nothing is left to try."""

    failure: Failure


Move = Retry | NextStep | GiveUp


def next_move(message: Message, ended: Attempt, now: datetime, rules: RetryRules) -> Move:
    """Decide what follows an attempt that failed, bounced or was withdrawn unstarted."""
    failure = _cause(message, ended)
    if ended.status is Status.WITHDRAWN and not message.is_last_step(ended):
        reason = failure.failure_class.value if ended.failure else NOT_STARTED
        return after_step(message, ended, reason=reason, failure=failure)
    action = ACTIONS[failure.failure_class]
    if ended.outside_window and _template_may_do(message, ended):
        at = now
    elif action is Action.RETRY:
        at = now + pause(message, ended, failure, rules)
    elif action is Action.OTHER_ACCOUNT and _another_account_may_do(message, ended):
        at = now
    else:
        return _next_step_if_allowed(message, ended, failure)
    if ended.number < MAX_TRIES and in_time(message, ended, at):
        return Retry(at)
    return _next_step_if_allowed(message, ended, failure)


def after_step(message: Message, ended: Attempt, *, reason: str, failure: Failure) -> Move:
    """Leave the attempt's step: to the next one, or nowhere when it was the last."""
    if message.is_last_step(ended):
        return GiveUp(failure)
    return NextStep(ended.step + 1, reason)


def pause(message: Message, ended: Attempt, failure: Failure, rules: RetryRules) -> timedelta:
    """Return how long to wait before the next try: full jitter, but no less than was asked."""
    drawn = _drawn(str(message.attempt_id(ended)), ended.number, rules)
    return max(drawn, failure.retry_after or timedelta(0))


def return_pause(message: Message, given_back: Attempt, rules: RetryRules) -> timedelta:
    """Return how long to wait before work that came back is handed out again: full jitter.

    It grows with the number of dispatches, and is drawn from the attempt's name and that number.
    """
    name = f"{message.attempt_id(given_back)}/{given_back.dispatch}"
    return _drawn(name, given_back.dispatch, rules)


def avoided_accounts(message: Message, step: int) -> tuple[str, ...]:
    """Name the accounts whose own trouble already failed this step."""
    return tuple(
        attempt.account for attempt in _in_trouble(message, step) if attempt.account is not None
    )


def tried_accounts(message: Message, step: int) -> tuple[str, ...]:
    """Name the accounts by which this step failed in a way that another account may not."""
    tried = (
        attempt.account
        for attempt in message.state.attempts
        if attempt.step == step
        and attempt.account is not None
        and attempt.failure is not None
        and ACTIONS[attempt.failure.failure_class] is Action.RETRY
    )
    return tuple(dict.fromkeys(tried))


def start_deadline(message: Message, step: int, now: datetime) -> datetime | None:
    """Return until when the step must have started, counted from its first dispatch.

    The last step has none: there is nowhere to move on to, so it waits for the message's end.
    """
    within = message.plan.steps[step - 1].start_within
    if within is None or step == len(message.plan.steps):
        return None
    first = next(
        (
            attempt.dispatched_at
            for attempt in message.state.attempts
            if attempt.step == step and attempt.dispatched_at is not None
        ),
        now,
    )
    return first + within


def in_time(message: Message, ended: Attempt, at: datetime) -> bool:
    """Whether a try at `at` falls before `expires_at` and before its step's start deadline."""
    start_by = start_deadline(message, ended.step, at)
    return at < message.plan.expires_at and (start_by is None or at < start_by)


def _cause(message: Message, ended: Attempt) -> Failure:
    """Return why an attempt failed; if no account was left, why the last one was avoided."""
    if ended.status is Status.WITHDRAWN:
        return ended.failure or _never_started()
    failure = ended.failure or Failure.of(FailureClass.PERMANENT)
    if failure.code != NO_ACCOUNT:
        return failure
    avoided = [one.failure for one in _in_trouble(message, ended.step) if one.failure is not None]
    return avoided[-1] if avoided else failure


def _in_trouble(message: Message, step: int) -> list[Attempt]:
    """Return the step's attempts that failed by their own account's trouble."""
    return [
        attempt
        for attempt in message.state.attempts
        if attempt.step == step
        and attempt.account is not None
        and attempt.failure is not None
        and attempt.failure.failure_class is FailureClass.AUTH
        and attempt.failure.code != NO_ACCOUNT
    ]


def _another_account_may_do(message: Message, ended: Attempt) -> bool:
    failure = ended.failure
    was_none_left = failure is not None and failure.code == NO_ACCOUNT
    return message.step(ended).account is None and not was_none_left


def _template_may_do(message: Message, ended: Attempt) -> bool:
    """Whether the step has a template for who may get nothing else, and it was not tried."""
    return message.step(ended).outside_window == "template" and not ended.says_template


def _next_step_if_allowed(message: Message, ended: Attempt, failure: Failure) -> Move:
    if failure.failure_class not in message.step(ended).fallback_on:
        return GiveUp(failure)
    return after_step(message, ended, reason=failure.failure_class.value, failure=failure)


def _never_started() -> Failure:
    return Failure.of(
        FailureClass.TRANSIENT, NOT_STARTED, "no worker started it within start_within"
    )


def _drawn(name: str, number: int, rules: RetryRules) -> timedelta:
    """Draw a pause by name, so that the same facts decide the same in every router."""
    doublings: int = 2 ** min(number - 1, _MAX_DOUBLINGS)
    bound = min(rules.cap, rules.base * doublings)
    return bound * random.Random(name).random()  # noqa: S311  not a secret
