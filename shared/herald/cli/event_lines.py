"""How an event is shown in a terminal: its colour, and a few words beside its name."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.text import Text

from herald.client.errors import in_words_of
from herald.contracts.events import (
    AccountData,
    CommandData,
    HeraldEvent,
    InboundData,
    MessageData,
    RecipientData,
    family_and_what,
)
from herald.contracts.failures import Failure
from herald.contracts.plans import PlannedData
from herald.contracts.vocabulary import Outcome

STYLES = {
    "accepted": "cyan",
    "planned": "cyan",
    "duplicate": "yellow",
    "completed": "green",
    "fallback": "yellow",
    "sent": "blue",
    "delivered": "green",
    "read": "bright_green",
    "received": "magenta",
    "updated": "magenta",
    "failed": "red",
    "bounced": "red",
    "complained": "red",
    "unsubscribed": "yellow",
    "suppressed": "yellow",
    "unsuppressed": "cyan",
    "deferred": "yellow",
    "cancelled": "yellow",
    "expired": "red",
}


def details(event: HeraldEvent) -> str:
    """Return the few words that are shown beside an event's name."""
    data = event.data
    if isinstance(data, InboundData):
        return f"{data.channel} {data.content} {data.text!r}"
    if isinstance(data, AccountData | RecipientData):
        return " ".join(filter(None, _about(data)))
    if isinstance(data, CommandData):
        return in_words_of((data.field or "", data.reason or ""))
    if isinstance(data, PlannedData):
        return ", ".join(f"{step.channel} {step.start}" for step in data.steps) or data.answer
    return _of_message(data) if isinstance(data, MessageData) else ""


def _of_message(data: MessageData) -> str:
    failure = _failure(data.failure) if data.failure else ""
    if data.fallback is not None:
        change, code = data.fallback, data.failure.code if data.failure else ""
        reason = " ".join(filter(None, (change.reason, code)))
        return f"{change.from_channel} -> {change.to_channel} ({reason})"
    words = [
        data.channel,
        f"({failure})" if failure and data.outcome == Outcome.FAILED else "",
        "" if data.confirmed else "(not confirmed)",
        f"=> {data.outcome}" if data.terminal else "",
    ]
    return " ".join(filter(None, words))


def _about(data: AccountData | RecipientData) -> tuple[str | None, ...]:
    if isinstance(data, RecipientData):
        return (data.channel or "every channel", data.category, f"({data.reason})")
    template = data.template.name if data.template else None
    return (data.account, data.topic, template or data.number, data.status, data.reason)


def _failure(failure: Failure) -> str:
    """Say why an attempt failed: the class, the code, and the provider's words."""
    code = f"{failure.failure_class} {failure.code}".strip()
    return ": ".join(filter(None, (code, failure.text)))


def heard_at(event: HeraldEvent) -> datetime:
    """Return when Herald heard of it; providers' clocks go by the second, and backwards."""
    return getattr(event.data, "received_at", None) or event.time


def print_event(event: HeraldEvent, *, named: bool = False) -> None:
    """Write an event as one line, with the local time of Herald's own clock.

    `named` puts its subject first.
    """
    what = family_and_what(event.type)[1]
    line = Text(heard_at(event).astimezone().strftime("%H:%M:%S.%f")[:-3] + "  ", style="dim")
    if named:
        line.append(f"{event.subject:<36}  ")
    line.append(f"{what:<10} ", style=STYLES.get(what, "default"))
    line.append(details(event))
    Console(highlight=False).print(line, no_wrap=True, overflow="ignore", crop=False)
