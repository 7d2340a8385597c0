"""Channels that take a text only for a while after the recipient's last message. Pure.

WhatsApp's service window is one of 24 hours. Within it a step says what the message says, after it
the template that its content or its step names for that; without one it is skipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.account import Account
from router.core.clearance import CLEAR, Clearance, Refusal
from router.core.message import Attempt, Message

OUTSIDE_WINDOW = "outside_window"
TEMPLATE, NOTHING = "template", "nothing"  # what a step says then
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_FAR_AHEAD = datetime.max.replace(tzinfo=UTC)


class Conversation(Struct, frozen=True, kw_only=True):
    """When a recipient wrote last to one of an account's numbers."""

    account: str
    own_address: str  # that number; empty where the provider names none
    last_at: datetime
    closed_at: datetime | None = None  # when a text was dispatched that was refused as too late


def clear_window(
    message: Message,
    step: int,
    accounts: Mapping[str, Account],
    conversations: Sequence[Conversation],
    now: datetime,
) -> Clearance:
    """Say what a step may say now, and by which of the accounts that serve it."""
    planned = message.plan.steps[step - 1]
    tries = [attempt for attempt in message.state.attempts if attempt.step == step]
    usable = _usable(accounts, planned.sender, tries)
    closed = {attempt.account for attempt in tries if attempt.outside_window}
    open_until = {
        name: end
        for name, account in usable.items()
        if name not in closed
        for end in [_end(name, account, planned.sender, conversations)]
        if end is None or end > now
    }
    if open_until:
        return _within(open_until, usable)
    if planned.outside_window == TEMPLATE:
        why = f"says a template: {_why(conversations, now)}"
        holder = _holder(usable, planned.template_accounts)
        return Clearance(says_template=True, only_account=holder, notes=(why,))
    trying = [name for name, account in usable.items() if account.tries_outside_window]
    if trying:
        return Clearance(only_account=None if len(trying) == len(usable) else trying[0])
    failure = Failure.of(FailureClass.UNREACHABLE, OUTSIDE_WINDOW, _why(conversations, now))
    return Clearance(refusal=Refusal(OUTSIDE_WINDOW, failure))


def _usable(
    accounts: Mapping[str, Account], sender: str | None, tries: Sequence[Attempt]
) -> Mapping[str, Account]:
    """Leave out accounts that a worker would not choose, unless that leaves none."""
    in_trouble = {
        attempt.account
        for attempt in tries
        if attempt.failure is not None and attempt.failure.failure_class is FailureClass.AUTH
    }
    usable = {
        name: account
        for name, account in accounts.items()
        if account.sends_as(sender) and name not in in_trouble
    }
    return usable or accounts


def _holder(usable: Mapping[str, Account], holders: Sequence[str] | None) -> str | None:
    """Return the account that must send the template; None: any may."""
    if holders is None or all(name in holders for name in usable):
        return None
    return next((name for name in usable if name in holders), holders[0])


def _end(
    name: str, account: Account, sender: str | None, conversations: Sequence[Conversation]
) -> datetime | None:
    """Return when an account's window closes, long ago if it never was open; None: never."""
    if account.service_window is None:
        return None
    ends = [
        conversation.last_at + account.service_window
        for conversation in conversations
        if conversation.account == name
        and _is_with(sender, conversation.own_address)
        and (conversation.closed_at is None or conversation.closed_at < conversation.last_at)
    ]
    return max(ends, default=_LONG_AGO)


def _is_with(sender: str | None, own_address: str) -> bool:
    """Whether what was written to a number of ours opens a window for `sender`.

    A sender that is no number is the only one of its account, or picks one by itself.
    """
    return not sender or not sender.startswith("+") or own_address in {"", sender}


def _within(open_until: Mapping[str, datetime | None], usable: Mapping[str, Account]) -> Clearance:
    """Let the step say what the message says, by an account whose window is open."""
    if len(open_until) == len(usable):
        return CLEAR
    best = max(open_until, key=lambda name: open_until[name] or _FAR_AHEAD)
    return Clearance(only_account=best, notes=(f"by {best}: to it the recipient wrote",))


def _why(conversations: Sequence[Conversation], now: datetime) -> str:
    last = max((conversation.last_at for conversation in conversations), default=None)
    if last is None:
        return "the recipient has not written"
    hours, minutes = divmod((now - last) // timedelta(minutes=1), 60)
    return f"the recipient wrote last {f'{hours} h' if hours else f'{minutes} min'} ago"
