"""Messages and their history: locked, inserted, found, saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec import Struct
from pydantic import TypeAdapter

from herald.contracts.topology import outbound_queue
from herald.contracts.vocabulary import MessageStatus, Outcome
from herald.contracts.work import WorkContent
from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.commands import Candidate
from router.core.deadlines import due_at, gate_of, silence_at
from router.core.message import Message
from router.core.progress import unknown_channels, waiting_attempt
from router.core.stored import PLAN, STATE
from router.store.outbox import OutboxRow

QUERIES = load_queries("router.store", "messages.sql")

_CONTENTS = TypeAdapter(dict[str, WorkContent])


class HistoryRow(Struct, frozen=True, kw_only=True):
    """One fact, as the history keeps it."""

    message: Message
    fact: str
    note: str
    attempt_id: str | None = None
    status: str | None = None
    occurred_at: datetime | None = None
    element: str | None = None  # JSON


class Taken(Struct, frozen=True, kw_only=True):
    """A message that holds the id or key of a refused command."""

    message: Message
    command_hash: bytes
    cause: str | None


async def lock_messages(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Message]:
    """Lock and load messages; ids that don't exist are left out."""
    rows = await connection.fetch(QUERIES["lock_messages"], sorted(ids))
    return {row["id"]: message_of(row) for row in rows}


async def insert_messages(
    connection: Connection,
    candidates: Sequence[tuple[Candidate, Message]],
    now: datetime,
) -> set[UUID]:
    """Insert accepted messages as decided; return the ids of those whose id and key were free."""
    hashes = [
        (message.id, place, address_hash)
        for candidate, message in candidates
        for place, address_hash in enumerate(candidate.address_hashes)
    ]
    rows = await connection.fetch(
        QUERIES["insert_messages"],
        [message.id for _, message in candidates],
        [message.tenant for _, message in candidates],
        [message.idempotency_key for _, message in candidates],
        [candidate.command_hash for candidate, _ in candidates],
        [candidate.envelope.message_id for candidate, _ in candidates],
        [due_at(message) for _, message in candidates],
        [silence_at(message) for _, message in candidates],
        now,
        [PLAN.write(message.plan) for _, message in candidates],
        [candidate.contents.decode() for candidate, _ in candidates],
        [STATE.write(message.state) for _, message in candidates],
        [gate_of(message) for _, message in candidates],
        [message_id for message_id, _, _ in hashes],
        [place for _, place, _ in hashes],
        [address_hash for _, _, address_hash in hashes],
        [_waits_in(message) for _, message in candidates],
        [_waits_since(message) for _, message in candidates],
    )
    return {row["id"] for row in rows}


async def find_taken(connection: Connection, candidates: Sequence[Candidate]) -> list[Taken]:
    """Load the messages that hold an id or key of `candidates`."""
    rows = await connection.fetch(
        QUERIES["find_taken"],
        [candidate.message.id for candidate in candidates],
        [candidate.message.tenant for candidate in candidates],
        [candidate.message.idempotency_key for candidate in candidates],
    )
    return [_taken(row) for row in rows]


async def find_holders(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Taken]:
    """Load messages that commands made before, by their ids."""
    rows = await connection.fetch(QUERIES["find_holders"], list(ids))
    return {row["id"]: _taken(row) for row in rows}


async def find_by_key(
    connection: Connection, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """Find message ids by (tenant, idempotency key)."""
    tenants, names = [tenant for tenant, _ in keys], [key for _, key in keys]
    rows = await connection.fetch(QUERIES["find_by_key"], tenants, names)
    return {(row["tenant"], row["idempotency_key"]): row["id"] for row in rows}


async def load_contents(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Load what messages say, as it is stored."""
    rows = await connection.fetch(QUERIES["load_contents"], list(ids))
    return {row["id"]: row["content"] for row in rows}


def read_contents(text: str | bytes) -> dict[str, WorkContent]:
    """Read what a message says on each channel of its plan."""
    return _CONTENTS.validate_json(text)


async def save(
    connection: Connection,
    *,
    messages: Sequence[Message],
    history: Sequence[HistoryRow],
    outbox_row: OutboxRow | None,
    confirmed: Sequence[UUID],
    now: datetime,
) -> None:
    """Write all that a batch changed in one statement."""
    await connection.execute(
        QUERIES["save"],
        [message.id for message in messages],
        [message.status.value for message in messages],
        [message.outcome.value if message.outcome else None for message in messages],
        [due_at(message) for message in messages],
        [silence_at(message) for message in messages],
        [STATE.write(message.state) for message in messages],
        now,
        [row.message.created_at.date() for row in history],
        [row.message.id for row in history],
        [row.fact for row in history],
        [row.note for row in history],
        [row.attempt_id for row in history],
        [row.status for row in history],
        [row.occurred_at for row in history],
        [row.element for row in history],
        outbox_row.id if outbox_row else None,
        outbox_row.messages if outbox_row else None,
        outbox_row.claimed_until if outbox_row else None,
        confirmed,
        [gate_of(message) for message in messages],
        [_waits_in(message) for message in messages],
        [_waits_since(message) for message in messages],
        [" ".join(unknown_channels(message)) or None for message in messages],
    )


def _taken(row: asyncpg.Record) -> Taken:
    return Taken(
        message=Message(
            id=row["id"],
            tenant=row["tenant"],
            idempotency_key=row["idempotency_key"],
            created_at=datetime.min,  # noqa: DTZ901  an answer does not say it
            plan=PLAN.read(row["plan"]),
            status=MessageStatus(row["status"]),
            outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        ),
        command_hash=row["command_hash"],
        cause=row["cause"],
    )


def message_of(row: asyncpg.Record) -> Message:
    """Read a message's row, as `lock_messages` selects it."""
    return Message(
        id=row["id"],
        tenant=row["tenant"],
        idempotency_key=row["idempotency_key"],
        created_at=row["created_at"],
        plan=PLAN.read(row["plan"]),
        status=MessageStatus(row["status"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        state=STATE.read(row["state"]),
        is_erased=row["is_erased"],
    )


def backlog_of(queue: str) -> str:
    """Name the backlog of a queue of work, as `waits_in` does."""
    return queue.replace("outbound.", "backlog.", 1)


def _returned_of(queue: str) -> str:
    """Name where work is that came back from a queue, as `waits_in` does."""
    return queue.replace("outbound.", "returned.", 1)


def places_of(queue: str) -> tuple[str, str, str]:
    """Name all places where messages for a queue wait: it, back from it, and its backlog."""
    return queue, _returned_of(queue), backlog_of(queue)


def _waits_in(message: Message) -> str | None:
    """Say where a message waits: in its backlog, in the queue of its work, or given back."""
    if message.outcome is not None:
        return None
    waiting = message.state.waiting
    if waiting is not None:
        channel = message.plan.steps[waiting.step - 1].channel
        queue = outbound_queue(channel, message.plan.lane)
        return backlog_of(queue) if waiting.until is None else None
    attempt = waiting_attempt(message)
    if attempt is None:
        return None
    queue = outbound_queue(attempt.channel, message.plan.lane)
    return _returned_of(queue) if message.state.retry_at is not None else queue


def _waits_since(message: Message) -> datetime | None:
    if message.outcome is not None:
        return None
    waiting = message.state.waiting
    if waiting is not None:
        return waiting.since if waiting.until is None else None
    attempt = waiting_attempt(message)
    return attempt.dispatched_at if attempt is not None else None
