"""Accepting messages: decided, and inserted where their id and key are free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from herald.config.file import RetryRules
from herald.contracts.content import ChannelContent
from herald.database.pool import Connection
from router.commands import Candidate
from router.core.facts import MessageAccepted
from router.store.messages import insert_messages, read_contents
from router.transaction import Batch


async def accept(
    connection: Connection, candidates: Sequence[Candidate], now: datetime, rules: RetryRules
) -> tuple[Batch, set[UUID]]:
    """Decide each message's beginning, insert it so, and forget those that were taken."""
    batch = Batch(now, rules)
    for candidate in candidates:
        message = candidate.message
        batch.add([message])
        batch.fold(message.id, MessageAccepted(context=candidate.envelope.context))
        for step, problem in candidate.skipped:
            batch.note(message, f"step:{step}", f"skipped: {problem}")
    decided = [(candidate, batch.messages[candidate.message.id]) for candidate in candidates]
    inserted = await insert_messages(connection, decided, now) if decided else set()
    batch.keep_only(inserted)
    return batch, inserted


def contents_of(
    candidates: Sequence[Candidate],
) -> Mapping[UUID, Mapping[str, ChannelContent]]:
    """Return what candidates say, by message and channel."""
    return {c.message.id: read_contents(c.contents) for c in candidates}
