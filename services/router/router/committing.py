"""Committing a batch of facts and keeping its promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from herald.bus.outgoing_messages import OutgoingMessage
from herald.config.file import RetryRules
from herald.contracts.reasons import UNKNOWN_MESSAGE
from herald.database.pool import Connection
from router.core.effects import Decision
from router.core.facts import Fact
from router.core.message import Message
from router.counting import observe
from router.outbox import Outbox
from router.quotes import hide_quotes
from router.store.messages import HistoryRow, lock_messages, save
from router.transaction import Batch, changed

FactsByMessage = Mapping[UUID, Sequence[Fact]]
# Says why a fact must not touch a message, or None.
Guard = Callable[[Message, Fact], str | None]


@dataclass(frozen=True, slots=True)
class Committed:
    """What a transaction promised, and the facts that found no message or were refused."""

    row: UUID | None
    frames: Sequence[OutgoingMessage]
    settled: Sequence[UUID]
    now: datetime
    refused: Sequence[tuple[Fact, str]] = ()
    decided: Sequence[tuple[Message, Fact, Decision]] = ()


class Committer:
    """Writes what batches decided, with one outbox row for all their frames."""

    def __init__(self, outbox: Outbox, rules: RetryRules) -> None:
        self._outbox = outbox
        self.rules = rules

    async def apply(
        self,
        connection: Connection,
        facts: FactsByMessage,
        now: datetime,
        *,
        guard: Guard | None = None,
        also: Sequence[OutgoingMessage] = (),
    ) -> Committed:
        """Lock the messages, fold their facts in order, and write everything."""
        before = await lock_messages(connection, facts) if facts else {}
        facts = await hide_quotes(connection, before, facts)
        batch = Batch(now, self.rules)
        batch.add(before.values())
        refused: list[tuple[Fact, str]] = []
        for message_id, message_facts in facts.items():
            for fact in message_facts:
                problem = _problem(batch.messages.get(message_id), fact, guard)
                if problem is None:
                    batch.fold(message_id, fact)
                else:
                    refused.append((fact, problem))
        return await self.write(connection, batch, before, also=also, refused=refused)

    async def write(
        self,
        connection: Connection,
        batch: Batch,
        before: Mapping[UUID, Message],
        *,
        also: Sequence[OutgoingMessage] = (),
        refused: Sequence[tuple[Fact, str]] = (),
    ) -> Committed:
        """Take back what was asked, then save messages that were locked as `before`."""
        await batch.take_back(connection)
        frames = [*await batch.frames(connection), *also]
        return await self.save(
            connection,
            changed(batch, before),
            list(batch.history.values()),
            frames,
            batch.now,
            refused=refused,
            decided=batch.decided,
        )

    async def save(
        self,
        connection: Connection,
        messages: Sequence[Message],
        history: Sequence[HistoryRow],
        frames: Sequence[OutgoingMessage],
        now: datetime,
        *,
        refused: Sequence[tuple[Fact, str]] = (),
        decided: Sequence[tuple[Message, Fact, Decision]] = (),
    ) -> Committed:
        """Write rows and the promise; outbox rows settled since the last time go too."""
        promise = self._outbox.promise(frames)
        settled = self._outbox.settled()
        if messages or history or promise or settled:
            await save(
                connection,
                messages=messages,
                history=history,
                promise=promise,
                settled=settled,
                now=now,
            )
        return Committed(promise.id if promise else None, frames, settled, now, refused, decided)

    async def keep(self, committed: Committed) -> None:
        """After the commit: publish what was promised, and count what was decided."""
        for message, fact, decision in committed.decided:
            observe(message, fact, decision, committed.now)
        self._outbox.forgotten(committed.settled)
        if committed.row is not None:
            await self._outbox.publish(committed.row, committed.frames)


def _problem(message: Message | None, fact: Fact, guard: Guard | None) -> str | None:
    if message is None:
        return UNKNOWN_MESSAGE
    return guard(message, fact) if guard is not None else None
