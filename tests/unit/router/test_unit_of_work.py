"""A unit of work: what it does in which order, and what is left of one that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import pytest

from herald.bus.outgoing_messages import OutgoingMessage
from herald.config.file import RetryRules
from herald.database.pool import Database
from router.commands import Envelope, Rejection
from router.core.facts import CancelAsked, Fact
from router.core.message import Message
from router.core.stored import PLAN, STATE
from router.outbox import Outbox
from router.store import dead_letters, messages, withdrawals
from router.store.outbox import OutboxRow
from router.unit_of_work import UnitsOfWork
from unit.router.making import CONTEXT, MESSAGE_ID, NOW, begun

NAMES = {
    sql: name
    for module in (dead_letters, messages, withdrawals)
    for name, sql in module.QUERIES.items()
}
REJECTED = Rejection(envelope=Envelope(body=b"{}", routing_key="message.send"), field="", reason="")


@dataclass
class World:
    """A database and an outbox that keep a record of what was asked of them."""

    stored: list[Message] = field(default_factory=list)
    fails_to_commit: bool = False
    record: list[str] = field(default_factory=list)
    locked: list[list[UUID]] = field(default_factory=list)
    confirmed_rows: list[UUID] = field(default_factory=list)

    # of the database

    def now(self) -> datetime:
        return NOW

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[World]:
        self.record.append("begin")
        yield self
        if self.fails_to_commit:
            raise ConnectionResetError
        self.record.append("commit")

    async def fetch(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        name = NAMES[query]
        self.record.append(name)
        if name == "lock_messages":
            [ids] = arguments
            self.locked.append(ids)
            return [_row(message) for message in self.stored if message.id in ids]
        if name == "withdraw":
            [ids] = arguments
            return [{"attempt_id": n, "state": "withdrawn", "lease_until": None} for n in ids]
        return []

    async def execute(self, query: str, *_arguments: Any) -> None:
        self.record.append(NAMES[query])

    # of the outbox

    def row_of(self, outgoing: Sequence[OutgoingMessage]) -> OutboxRow | None:
        row = OutboxRow(id=UUID(int=1), messages="[]", claimed_until=NOW)
        return row if outgoing else None

    def confirmed(self) -> list[UUID]:
        return self.confirmed_rows

    def deleted(self, _ids: Sequence[UUID]) -> None:
        self.record.append("deleted")

    async def publish(self, _row: UUID, outgoing: Sequence[OutgoingMessage]) -> None:
        self.record += [message.type.split(".")[2] for message in outgoing]

    def units(self) -> UnitsOfWork:
        return UnitsOfWork(cast("Database", self), cast("Outbox", self), RetryRules())

    def count(self) -> None:
        self.record.append("count")

    async def reject(self, *, fails_with: Exception | None = None) -> None:
        async with self.units().begin() as unit:
            unit.after_commit(self.count)
            unit.reject(REJECTED)
            if fails_with is not None:
                raise fails_with


def _row(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "tenant": message.tenant,
        "idempotency_key": message.idempotency_key,
        "created_at": message.created_at,
        "plan": PLAN.write(message.plan),
        "status": message.status,
        "outcome": message.outcome,
        "state": STATE.write(message.state),
        "is_erased": False,
    }


async def test_everything_has_its_place() -> None:
    """Locks, withdraws, writes; then the commit, and only then counts and publishing."""
    world = World(stored=[begun()])
    async with world.units().begin() as unit:
        unit.after_commit(world.count)
        unit.reject(REJECTED)
        await unit.apply({MESSAGE_ID: [CancelAsked(context=CONTEXT)]})
    assert world.record == [
        *("begin", "lock_messages", "withdraw", "save", "insert_dead_letters", "commit"),
        *("count", "deleted", "cancelled", "accepted", "rejected"),
    ]


async def test_a_unit_that_raises_leaves_nothing() -> None:
    """Nothing is written, counted or published."""
    world = World()
    with pytest.raises(ZeroDivisionError):
        await world.reject(fails_with=ZeroDivisionError())
    assert world.record == ["begin"]


async def test_a_commit_that_fails_counts_nothing() -> None:
    """Nor does it publish: the batch is tried again."""
    world = World(fails_to_commit=True)
    with pytest.raises(ConnectionResetError):
        await world.reject()
    assert world.record == ["begin", "save", "insert_dead_letters"]


async def test_a_unit_with_nothing_to_write_writes_nothing() -> None:
    """A scan that finds nothing costs no statement."""
    world = World()
    async with world.units().begin() as unit:
        await unit.apply({})
    assert world.record == ["begin", "commit", "deleted"]


async def test_messages_are_locked_once_in_the_order_of_their_ids() -> None:
    """Two routers that mean the same messages never deadlock."""
    world = World(stored=[begun()])
    ids = [MESSAGE_ID, UUID(int=3), UUID(int=2)]
    async with world.units().begin() as unit:
        assert set(await unit.lock(ids)) == {MESSAGE_ID}
        await unit.apply({MESSAGE_ID: [CancelAsked(context=CONTEXT)]})
    assert world.locked == [sorted(ids)]


async def test_what_is_refused_touches_nothing() -> None:
    """A fact without a message, or that the guard refuses, comes back with the reason."""
    world = World(stored=[begun()])
    fact, nobody = CancelAsked(context=CONTEXT), UUID(int=7)

    def guard(_message: Message, _fact: Fact) -> str:
        return "not today"

    async with world.units().begin() as unit:
        refused = await unit.apply({MESSAGE_ID: [fact], nobody: [fact]}, guard=guard)
    assert refused == [(fact, "not today"), (fact, "unknown_message")]
    assert "save" not in world.record


async def test_what_a_flush_wrote_is_not_written_again() -> None:
    """It is published once, after the commit."""
    world = World(stored=[begun()], confirmed_rows=[UUID(int=9)])
    async with world.units().begin() as unit:
        await unit.apply({MESSAGE_ID: [CancelAsked(context=CONTEXT)]})
        await unit.flush()
        held = await unit.lock([MESSAGE_ID])
    assert held[MESSAGE_ID].outcome == "cancelled"
    assert world.record == [
        *("begin", "lock_messages", "withdraw", "save", "commit"),
        *("deleted", "cancelled", "accepted"),
    ]
