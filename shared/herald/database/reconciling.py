"""After a restore: attempts that may have been made since the backup are not made again.

The database says of them that no call was made. Whether one was, only the provider knows; so each
gets the row that a call without an answer has, and counts as unknown until a webhook says more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import FailureClass, Status
from herald.database.pool import Connection
from herald.database.queries import load_queries

BATCH = 500
LOOK_SECONDS = 1.5  # a router that runs writes its rows three times meanwhile
MAX_TRIES = 3  # of one step
BEFORE_ALL = UUID(int=0)
_NOT_CALLED = {Status.CREATED, Status.DISPATCHED, Status.STARTED}

_QUERIES = load_queries("herald.database", "reconcile.sql")


class ReconcileRefusedError(Exception):
    """It may not begin; the text says why."""


@dataclass(slots=True)
class Reconciled:
    """What was found and done."""

    backup_of: datetime | None = None  # when a router last wrote before the backup, if one ran
    open_messages: int = 0
    handed_out: int = 0  # attempts given to the workers before the backup: unknown from now on
    possible: int = 0  # attempts that routers may have made since: not made if they come up


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubt:
    """An attempt that may have been made since the backup."""

    attempt_id: str
    channel: str
    handed_out: bool


async def reconcile(
    dsn: str, until: datetime, *, only_handed_out: bool = False, dry_run: bool = False
) -> Reconciled:
    """Keep workers from making attempts that may have been made between the backup and `until`.

    `until`: when the database was lost. `only_handed_out`: those alone that were given to workers
    before the backup. Every service must be stopped. Safe to run again before they start.

    Raises:
        ReconcileRefusedError: services use the database.
    """
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        found = Reconciled(backup_of=await _time_of_backup(connection))
        async with connection.transaction():
            await _keep(connection, found, until, only_handed_out=only_handed_out)
            if dry_run:
                raise _Undone
            await connection.execute(_QUERIES["drop_listeners"])
    except _Undone:
        pass
    finally:
        await connection.close()
    return found


class _Undone(Exception):  # noqa: N818  ends a transaction without a trace
    pass


async def _time_of_backup(connection: Connection) -> datetime | None:
    """See that nothing runs; return when a router last wrote."""
    before = await connection.fetch(_QUERIES["read_listeners"])
    await asyncio.sleep(LOOK_SECONDS)
    after = await connection.fetch(_QUERIES["read_listeners"])
    if {tuple(row) for row in after} - {tuple(row) for row in before}:
        raise ReconcileRefusedError("routers use the database: stop every service first")
    if sessions := await connection.fetchval(_QUERIES["count_sessions"]):
        raise ReconcileRefusedError(
            f"services use the database ({sessions} sessions): stop every service first"
        )
    return max((row["seen_at"] for row in after), default=None)


async def _keep(
    connection: Connection, found: Reconciled, until: datetime, *, only_handed_out: bool
) -> None:
    now, last = await connection.fetchval("SELECT now()"), BEFORE_ALL
    while rows := await connection.fetch(_QUERIES["next_open"], last, BATCH):
        last, found.open_messages = rows[-1]["id"], found.open_messages + len(rows)
        doubts = [
            (doubt, row["lane"])
            for row in rows
            for doubt in doubts_of(
                row["id"], json.loads(row["steps"]), json.loads(row["state"]), until
            )
            if doubt.handed_out or not only_handed_out
        ]
        kept = await connection.fetchrow(
            _QUERIES["keep_from_calling"],
            [doubt.attempt_id for doubt, _ in doubts],
            [doubt.channel for doubt, _ in doubts],
            [_report(doubt, lane, now) for doubt, lane in doubts],
            [doubt.handed_out for doubt, _ in doubts],
        )
        assert kept is not None, "an aggregate is one row"
        found.handed_out += kept["handed_out"]
        found.possible += kept["possible"]


def doubts_of(
    message_id: UUID, steps: list[dict[str, Any]], state: dict[str, Any], until: datetime
) -> Iterator[_Doubt]:
    """Name every attempt of a message that may have been made since the backup, by `until`.

    That is the one that was handed out, another try of its step, and the first of each later step;
    nothing where the message was to wait for longer than that.
    """
    attempts = state.get("attempts", [])
    waits = [state[name] for name in ("send_at", "retry_at") if state.get(name)]
    if any(datetime.fromisoformat(hour) > until for hour in waits):
        return
    step, number = 0, MAX_TRIES
    if attempts:
        step, number = attempts[-1]["step"], attempts[-1]["number"]
        if attempts[-1].get("status", Status.CREATED) in _NOT_CALLED:
            yield _doubt(message_id, steps, step, number, handed_out=True)
    if state.get("stopped"):
        return  # a cancel came too late: there is no other
    if number < MAX_TRIES:
        yield _doubt(message_id, steps, step, number + 1)
    for later in range(step + 1, len(steps) + 1):
        yield _doubt(message_id, steps, later, 1)


def _doubt(
    message_id: UUID,
    steps: list[dict[str, Any]],
    step: int,
    number: int,
    *,
    handed_out: bool = False,
) -> _Doubt:
    return _Doubt(
        attempt_id=f"{message_id}.{step}.{number}",
        channel=steps[step - 1]["channel"],
        handed_out=handed_out,
    )


def _report(doubt: _Doubt, lane: str, now: datetime) -> str:
    """Write what a worker reports of a call that got no answer; whose account made it is open."""
    receipt = AttemptReceipt(
        source="channel",
        channel=doubt.channel,
        provider="",
        account="",
        attempt_id=doubt.attempt_id,
        status=Status.UNKNOWN,
        failure=Failure.of(
            FailureClass.AMBIGUOUS, "restored", "the database was restored: it may have been sent"
        ),
        event_key="restored",
        lane=lane,
        received_at=now,
    )
    return receipt.model_dump_json(exclude_none=True)
