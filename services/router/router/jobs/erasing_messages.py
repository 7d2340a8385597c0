"""Stopping messages for an erasure, and erasing those that are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from herald.contracts.topology import ERASE_KEY
from herald.database.pool import Connection
from router.commands import ErasureRequest
from router.core.facts import CancelAsked, CommandContext, Fact
from router.core.message import Message
from router.store import erasures as store
from router.store.retention import erase_attempts, erase_messages
from router.unit_of_work import UnitOfWork


async def stop_messages(
    unit: UnitOfWork, asked: ErasureRequest, ids: Sequence[UUID]
) -> Mapping[UUID, Message]:
    """Take messages back, or stop their plans, as a cancel does; return them as they are then."""
    context = CommandContext(
        routing_key=ERASE_KEY, cause=f"erase:{asked.id}", user=asked.user, wants_answer=False
    )
    facts: dict[UUID, list[Fact]] = {name: [CancelAsked(context=context)] for name in ids}
    await unit.apply(facts, guard=_why_stopped)
    await unit.flush()
    return await unit.lock(ids)


async def erase_stopped(connection: Connection, messages: Mapping[UUID, Message]) -> dict[str, int]:
    """Erase those of some messages of which no call is under way; return what was, by table."""
    attempts = await store.load_attempts(connection, list(messages))
    every = [attempt for listed in attempts.values() for attempt in listed]
    open_ones = set(await erase_attempts(connection, every))
    ready = [
        name
        for name, message in messages.items()
        if message.live is None and not open_ones.intersection(attempts[name])
    ]
    full = [name for name in ready if not messages[name].is_erased]
    elements = await erase_messages(connection, full) if full else 0
    await store.forget_hashes(connection, ready)
    sends = sum(len(attempts[name]) for name in full)
    return {"messages": len(full), "history": elements, "sends": sends}


def _why_stopped(message: Message, _fact: Fact) -> str | None:
    """Say why a message needs no stop."""
    return "over" if message.outcome is not None or message.state.stopped else None
