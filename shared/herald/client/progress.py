"""How far messages got, from events in any order. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Literal

from herald.contracts.events import MessageData
from herald.contracts.vocabulary import MessageStatus, Outcome

Until = Literal["sent", "delivered", "read", "clicked", "outcome"]

MAX_MESSAGES = 10_000  # the longest untouched are forgotten first

_ORDER = list(MessageStatus)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of one message."""

    message_id: str
    status: MessageStatus = MessageStatus.QUEUED
    outcome: Outcome | None = None
    event: MessageData | None = None  # the newest received

    def reached(self, until: Until) -> bool:
        """Whether waiting is over: it got that far, or never will."""
        if self.outcome not in {None, Outcome.SUCCEEDED}:
            return True
        if until == "outcome":
            return self.outcome is not None
        return _ORDER.index(self.status) >= _ORDER.index(MessageStatus(until))


class ProgressByMessage:
    """Keeps the progress of the messages that were touched last."""

    def __init__(self, limit: int = MAX_MESSAGES) -> None:
        self._limit = limit
        self._messages: OrderedDict[str, Progress] = OrderedDict()

    def __getitem__(self, message_id: str) -> Progress:
        return self._messages.get(message_id) or Progress(message_id=message_id)

    def note_event(self, data: MessageData) -> Progress:
        """Take an event in, whatever its place in the order."""
        known = self[data.message_id]
        newer = known.event is None or data.sequence > known.event.sequence
        return self._keep(known, data.status, data.outcome, data if newer else known.event)

    def note_state(
        self, message_id: str, status: MessageStatus | None, outcome: Outcome | None
    ) -> Progress:
        """Take in what an answer said of its message."""
        known = self[message_id]
        return self._keep(known, status or known.status, outcome, known.event)

    def _keep(
        self,
        known: Progress,
        status: MessageStatus,
        outcome: Outcome | None,
        event: MessageData | None,
    ) -> Progress:
        """Neither does a status fall nor an outcome vanish."""
        progress = replace(
            known,
            status=max(known.status, status, key=_ORDER.index),
            outcome=known.outcome or outcome,
            event=event,
        )
        self._messages[known.message_id] = progress
        self._messages.move_to_end(known.message_id)
        while len(self._messages) > self._limit:
            self._messages.popitem(last=False)
        return progress
