"""One transaction for a batch of facts: lock, decide, take back, decide again, save.

The order is fixed, so that routers never deadlock with one another or with workers: provider
references first (by the caller), then messages by id, then the channels' rows by id, then writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json

from herald.bus.outgoing_messages import OutgoingMessage
from herald.config.file import RetryRules
from herald.contracts.content import ChannelContent
from herald.contracts.identifiers import AttemptId
from herald.database.pool import Connection
from router.core.decide import decide
from router.core.effects import Answer, Decision, Dispatch, Effect, Emit, Withdraw
from router.core.facts import (
    CancelAsked,
    Due,
    Fact,
    MessageAccepted,
    ReceiptArrived,
    WithdrawAnswered,
)
from router.core.message import Attempt, Message
from router.outgoing.messages import answer_event, message_event, work_frame
from router.store.messages import HistoryRow, load_contents
from router.store.withdrawals import withdraw

WITHDRAWN_STATE = "withdrawn"


@dataclass(slots=True)
class Batch:
    """Messages under decision: their state, what was decided, and why."""

    now: datetime
    rules: RetryRules
    messages: dict[UUID, Message] = field(default_factory=dict)
    history: dict[tuple[UUID, str], HistoryRow] = field(default_factory=dict)
    effects: list[tuple[Message, Effect]] = field(default_factory=list)
    decided: list[tuple[Message, Fact, Decision]] = field(default_factory=list)

    def add(self, messages: Iterable[Message]) -> None:
        """Take messages in, as locked or as about to be inserted."""
        self.messages.update((message.id, message) for message in messages)

    def fold(self, message_id: UUID, fact: Fact) -> None:
        """Decide what a fact makes of its message."""
        before = self.messages[message_id]
        if before.is_erased and isinstance(fact, ReceiptArrived):
            fact = fact.bare
        decision = decide(before, fact, self.now, self.rules)
        self.messages[message_id] = decision.message
        self.effects += [(decision.message, effect) for effect in decision.effects]
        self.decided.append((before, fact, decision))
        if decision.key != Due.key:
            self._record(decision.message, fact, decision.key, decision.note)

    def note(self, message: Message, fact: str, text: str) -> None:
        """Keep a remark that no fact led to."""
        self.history[message.id, fact] = HistoryRow(message=message, fact=fact, note=text)

    def keep_only(self, ids: set[UUID]) -> None:
        """Forget everything about messages that could not be inserted."""
        self.messages = {key: value for key, value in self.messages.items() if key in ids}
        self.history = {key: value for key, value in self.history.items() if key[0] in ids}
        self.effects = [pair for pair in self.effects if pair[0].id in ids]
        self.decided = [item for item in self.decided if item[0].id in ids]

    async def take_back(self, connection: Connection) -> None:
        """Ask for every withdraw at once and fold the answers."""
        asked = [effect.attempt for _, effect in self.effects if isinstance(effect, Withdraw)]
        if not asked:
            return
        answers = await withdraw(connection, map(str, asked))
        for attempt in asked:
            state, lease_until = answers[str(attempt)]
            won = state == WITHDRAWN_STATE
            self.fold(
                attempt.message_id,
                WithdrawAnswered(attempt=attempt, won=won, lease_until=lease_until),
            )

    async def frames(
        self,
        connection: Connection,
        known: Mapping[UUID, Mapping[str, ChannelContent]] | None = None,
    ) -> list[OutgoingMessage]:
        """Turn the effects into frames; contents that aren't `known` are loaded."""
        contents = dict(known or {})
        wanted = {
            message.id
            for message, effect in self.effects
            if isinstance(effect, Dispatch) and message.id not in contents
        }
        if wanted:
            contents |= await load_contents(connection, wanted)
        return [
            frame
            for message, effect in self.effects
            if (frame := self._frame(message, effect, contents)) is not None
        ]

    def _frame(
        self,
        message: Message,
        effect: Effect,
        contents: Mapping[UUID, Mapping[str, ChannelContent]],
    ) -> OutgoingMessage | None:
        if isinstance(effect, Dispatch):
            attempt: Attempt = effect.attempt
            return work_frame(message, attempt, contents[message.id][attempt.channel])
        if isinstance(effect, Emit):
            return message_event(message, effect, self.now)
        if isinstance(effect, Answer):
            return answer_event(message, effect, self.now)
        return None

    def _record(self, message: Message, fact: Fact, key: str, note: str) -> None:
        """Keep the fact once, as it was decided first."""
        if (message.id, key) in self.history:
            return
        attempt = getattr(fact, "attempt", None)
        row = HistoryRow(
            message=message,
            fact=key,
            note=note,
            attempt_id=str(attempt) if isinstance(attempt, AttemptId) else None,
        )
        if isinstance(fact, ReceiptArrived):
            receipt = fact.receipt
            row = replace(
                row,
                status=receipt.status.value,
                occurred_at=receipt.occurred_at,
                element=_json(receipt.element),
            )
        elif isinstance(fact, MessageAccepted | CancelAsked) and fact.context.user is not None:
            row = replace(row, element=_json({"user": fact.context.user}))
        self.history[message.id, key] = row


def changed(batch: Batch, before: Mapping[UUID, Message]) -> Sequence[Message]:
    """Return the messages that a batch changed, in the order in which they are written."""
    return [
        message for key, message in sorted(batch.messages.items()) if message != before.get(key)
    ]


def _json(element: object) -> str | None:
    return None if element is None else to_json(element, inf_nan_mode="null").decode()
