"""How an event is told to a person: its colour, and a few words beside its name."""

from __future__ import annotations

from herald.events import HeraldEvent, InboundData, MessageData
from herald.vocabulary import Outcome

STYLES = {
    "accepted": "cyan",
    "duplicate": "yellow",
    "fallback": "yellow",
    "sent": "blue",
    "delivered": "green",
    "read": "bright_green",
    "received": "magenta",
    "failed": "red",
    "bounced": "red",
    "cancelled": "yellow",
    "expired": "red",
}


def details(event: HeraldEvent) -> str:
    """Say in a few words what an event tells beside its name."""
    data = event.data
    if isinstance(data, InboundData):
        return f"{data.channel} {data.text!r}"
    if not isinstance(data, MessageData):
        return ""
    failure = f"{data.failure.failure_class} {data.failure.code}".strip() if data.failure else ""
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
