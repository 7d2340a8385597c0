"""What can be seen after a case: the providers' lists, PostgreSQL, public events, deliveries."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from chaos.commands import Command
from chaos.firehose import heard_events, seen_deliveries
from chaos.load import Load
from herald_local.stack import Stack

PATIENCE_SECONDS = 120
POLL_SECONDS = 0.25

Row = Mapping[str, Any]

_OPEN = """
SELECT (SELECT count(*) FROM unnest($1::uuid[]) AS t (id) LEFT JOIN router.messages USING (id)
        WHERE outcome IS NULL)
    + (SELECT count(*) FROM router.outbox)
    + (SELECT count(*) FROM channel.sends WHERE NOT published OR state = 'started')
"""
_MESSAGES = "SELECT id::text, outcome::text FROM router.messages WHERE id = ANY ($1::uuid[])"
_ATTEMPTS = """
SELECT message_id::text, attempt_id, channel, status FROM router.attempts
WHERE message_id = ANY ($1::uuid[])
"""
_UNKNOWN = """
SELECT message_id::text, attempt_id, fact FROM router.history
WHERE message_id = ANY ($1::uuid[]) AND status = 'unknown'
"""
_SILENCES = """
SELECT message_id::text, split_part(fact, ':', 3) AS attempt_id,
    extract(epoch FROM recorded_at)::float AS recorded_at
FROM router.history
WHERE message_id = ANY ($1::uuid[]) AND fact LIKE 'timer:fallback:%' AND note LIKE '%: silence%'
"""
_HISTORY = """
SELECT message_id, recorded_at::time(3), fact, note FROM router.history
WHERE message_id = ANY ($1::uuid[]) ORDER BY message_id, router.history.recorded_at, fact
"""
_DEAD = """
SELECT queue, reason, count(*) FROM router.dead_letters
WHERE received_at >= to_timestamp($1) GROUP BY queue, reason
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One case, seen from outside."""

    commands: Mapping[str, Command]  # by the message's id, as all below
    outcomes: Mapping[str, str | None]
    attempts: Sequence[Row]
    unknown: Mapping[str, Mapping[str, str]]  # the attempts recorded so, each with the fact
    requests: Sequence[Row]  # of providers, refused ones too
    events: Sequence[Row]
    dead_letters: Sequence[Row]
    silences: Sequence[Row]  # the attempts that were left for the next step since nobody spoke
    deliveries: Counter[tuple[str, int]]  # by queue and number of earlier deliveries
    left_open: int

    @property
    def contacts(self) -> dict[str, list[str]]:
        """The attempts by which each message reached its recipient, in order."""
        reached: dict[str, list[str]] = {}
        for request in self.requests:
            if request["accepted"]:
                reached.setdefault(message_of(request), []).append(request["attempt"])
        return reached


async def settled(
    stack: Stack, load: Load, *, patience_seconds: float = PATIENCE_SECONDS
) -> Record:
    """Wait until nothing is under way any more, then look at everything."""
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        ids = [command.id for command in load.commands]
        left_open = await _wait_until_nothing_is_open(database, ids, patience_seconds)
        unknown: dict[str, dict[str, str]] = {}
        for row in await database.fetch(_UNKNOWN, ids):
            unknown.setdefault(row["message_id"], {})[row["attempt_id"]] = row["fact"]
        return Record(
            commands={command.id: command for command in load.commands},
            outcomes={row["id"]: row["outcome"] for row in await database.fetch(_MESSAGES, ids)},
            attempts=[dict(row) for row in await database.fetch(_ATTEMPTS, ids)],
            unknown=unknown,
            requests=load.requests(),
            silences=[dict(row) for row in await database.fetch(_SILENCES, ids)],
            events=await heard_events(stack),
            dead_letters=[dict(row) for row in await database.fetch(_DEAD, load.began_at)],
            deliveries=await seen_deliveries(stack),
            left_open=left_open,
        )
    finally:
        await database.close()


async def history_of(stack: Stack, ids: Sequence[str]) -> list[str]:
    """Return everything that happened to messages, a line each, for a person."""
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        rows = await database.fetch(_HISTORY, ids)
    finally:
        await database.close()
    return [" ".join(map(str, row)) for row in rows]


def message_of(request: Row) -> str:
    """Return the message's id that a provider's request names."""
    return str(request["attempt"]).partition(".")[0]


async def _wait_until_nothing_is_open(
    database: asyncpg.Connection, ids: Sequence[str], patience_seconds: float
) -> int:
    """Return how much still is after a while: the invariants say what it was."""
    deadline = time.monotonic() + patience_seconds
    while True:
        left: int = await database.fetchval(_OPEN, ids)
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(POLL_SECONDS)
