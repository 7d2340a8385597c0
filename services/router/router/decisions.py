"""The messages of one unit of work: how they stand, and what was decided of them. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace
from pydantic_core import to_json

from herald.config.file import RetryRules
from herald.contracts.identifiers import AttemptId
from router.core.clearance import Clearance
from router.core.decide import decide
from router.core.effects import Decision, Effect
from router.core.facts import CancelAsked, Cleared, Due, Fact, MessageAccepted, ReceiptArrived
from router.core.message import Message
from router.store.messages import HistoryRow


class Decisions:
    """Decides facts one after the other and collects what they lead to."""

    def __init__(self, now: datetime, rules: RetryRules, *, asks: bool = False) -> None:
        """`asks`: what must be known before a step starts is asked for, not taken for granted."""
        self.now = now
        self.messages: dict[UUID, Message] = {}  # as they stand
        self.history: dict[tuple[UUID, str], HistoryRow] = {}  # to be written
        self.effects: list[tuple[Message, Effect]] = []  # to be carried out
        self.made: list[tuple[Message, Fact, Decision]] = []  # the message as it stood before
        self._rules = rules
        self._stored: dict[UUID, Message] = {}  # as the database has them
        self._asks = asks
        self._cleared: dict[UUID, dict[int, Clearance]] = {}  # what was found out, by step

    def hold(self, messages: Iterable[Message]) -> None:
        """Take in messages as the database has them."""
        for message in messages:
            self.messages[message.id] = self._stored[message.id] = message

    def apply(self, message_id: UUID, fact: Fact) -> None:
        """Decide what a fact makes of a message that is held."""
        before = self.messages[message_id]
        if before.is_erased and isinstance(fact, ReceiptArrived):
            fact = fact.bare
        self.record(before, fact, self.decide(before, fact))

    def decide(self, message: Message, fact: Fact) -> Decision:
        """Decide what a fact makes of a message, and keep nothing of it."""
        if not self._asks:
            return decide(message, fact, self.now, self._rules)
        cleared = self._cleared.setdefault(message.id, {})
        if isinstance(fact, Cleared):
            cleared[fact.step] = fact.clearance
        return decide(message, fact, self.now, self._rules, cleared)

    def clear(self, message_id: UUID, step: int, clearance: Clearance) -> None:
        """Keep what was found out before anything is decided of a message."""
        self._cleared.setdefault(message_id, {})[step] = clearance

    def record(self, before: Message, fact: Fact, decision: Decision) -> None:
        """Keep what was decided; a fact that came twice stands in the history as decided first."""
        message = self.messages[before.id] = decision.message
        self.effects += [(message, effect) for effect in decision.effects]
        self.made.append((before, fact, decision))
        name = (message.id, decision.key)
        if decision.key == Due.key:
            return
        row = self.history.get(name)
        if row is None:
            self.history[name] = _row(message, fact, decision)
        elif isinstance(fact, Cleared):  # it ends what that row's fact began
            self.history[name] = replace(row, note=f"{row.note}; {decision.note}")

    def note(self, message: Message, fact: str, text: str) -> None:
        """Keep a remark that no fact led to."""
        self.history[message.id, fact] = HistoryRow(message=message, fact=fact, note=text)

    @property
    def withdraws(self) -> list[AttemptId]:
        """The attempts to be taken back."""
        pending = (message.pending for message in self.messages.values())
        return [one.attempt for one in pending if one is not None]

    @property
    def asking(self) -> list[Message]:
        """The messages a step of which waits for its clearance."""
        return [message for message in self.messages.values() if message.asking is not None]

    @property
    def changed(self) -> Sequence[Message]:
        """The messages that differ from what the database has, in the order of their ids."""
        return sorted(filter(self._differs, self.messages.values()), key=lambda one: one.id)

    def _differs(self, message: Message) -> bool:
        stored = self._stored.get(message.id)
        return message is not stored and message != stored

    def saved(self) -> None:
        """Note that the database has everything now."""
        self._stored = dict(self.messages)
        self.history = {}
        self.effects = []


def _row(message: Message, fact: Fact, decision: Decision) -> HistoryRow:
    attempt = getattr(fact, "attempt", None)
    receipt = fact.receipt if isinstance(fact, ReceiptArrived) else None
    return HistoryRow(
        message=message,
        fact=decision.key,
        note=decision.note,
        attempt_id=str(attempt) if isinstance(attempt, AttemptId) else None,
        status=None if receipt is None else receipt.status.value,
        occurred_at=None if receipt is None else receipt.occurred_at,
        element=_json(_element(fact)),
    )


def _element(fact: Fact) -> object:
    """Return the provider's words, or who commanded."""
    if isinstance(fact, ReceiptArrived):
        return fact.receipt.element
    if isinstance(fact, MessageAccepted | CancelAsked) and fact.context.user is not None:
        return {"user": fact.context.user}
    return None


def _json(element: object) -> str | None:
    return None if element is None else to_json(element, inf_nan_mode="null").decode()
