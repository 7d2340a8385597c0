"""Dry runs while their channels are asked: a row each, for some seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.plans import Answers, ChannelAnswer, OpenPlan

QUERIES = load_queries("router.store", "plans.sql")

_ANSWERS = TypeAdapter(dict[int, ChannelAnswer])

Answered = tuple[OpenPlan, Answers]


async def insert_plans(
    connection: Connection, plans: Sequence[OpenPlan], wait: timedelta
) -> set[UUID]:
    """Keep dry runs for at most `wait`; return those that were not there before."""
    ids, documents = [plan.id for plan in plans], [plan.model_dump_json() for plan in plans]
    rows = await connection.fetch(QUERIES["insert_plans"], ids, documents, wait)
    return {row["id"] for row in rows}


async def add_answers(connection: Connection, answers: Mapping[UUID, Answers]) -> list[Answered]:
    """Add answers to dry runs that are not over; return those whose channels have all answered."""
    documents = [_ANSWERS.dump_json(dict(said)).decode() for said in answers.values()]
    rows = await connection.fetch(QUERIES["add_answers"], list(answers), documents)
    found = [_read(row) for row in rows]
    complete = [(plan, said) for plan, said in found if said.keys() >= set(plan.asked)]
    if complete:
        await connection.execute(QUERIES["delete_plans"], [plan.id for plan, _ in complete])
    return complete


async def some_plan_is_due(connection: Connection) -> bool:
    """Say whether the time of some dry run is over."""
    found: bool = await connection.fetchval(QUERIES["some_plan_is_due"])
    return found


async def take_due_plans(connection: Connection, limit: int) -> list[Answered]:
    """Take dry runs whose time is over, with the answers that came."""
    return [_read(row) for row in await connection.fetch(QUERIES["take_due_plans"], limit)]


def _read(row: asyncpg.Record) -> Answered:
    return OpenPlan.model_validate_json(row["plan"]), _ANSWERS.validate_json(row["answers"])
