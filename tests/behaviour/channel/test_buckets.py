"""The rows of limits: what a statement takes, leaves, queues and gives back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from behaviour.channel.gate import gated
from herald.channel.limits.buckets import Ask, Buckets, Drawn, delete_idle
from herald.channel.limits.limiter import Limiter
from herald.channel.limits.wants import Want
from herald.contracts.vocabulary import Lane
from herald.database.pool import OUTAGES, Database
from herald.providers.budgets import Budget, Scope

ONE = Budget("account:one", 10.0, 10.0, Scope.ACCOUNT)


@pytest_asyncio.fixture
async def database(schema: str) -> AsyncIterator[Database]:
    """Give a database without buckets."""
    made = Database(schema, application_name="test")
    await made.start()
    await execute(made, "TRUNCATE channel.buckets")
    yield made
    await made.stop()


@pytest.fixture
def rows(database: Database) -> Buckets:
    return Buckets(database)


async def execute(database: Database, query: str, *arguments: object) -> None:
    async with database.connection() as connection:
        await connection.execute(query, *arguments)


async def asked(rows: Buckets, lane: Lane = Lane.URGENT, of: Budget = ONE, **wants: Any) -> Drawn:
    return (await rows.draw(lane, [Ask(budget=of, **wants)]))[of.key]


async def test_a_full_bucket_gives_its_burst_at_once(rows: Buckets) -> None:
    """What is not there is queued, one gap after the other."""
    drawn = await asked(rows, newcomers=14, queued=14)
    assert (drawn.taken, drawn.places) == (10, 4)
    assert drawn.first < 0
    assert drawn.turn == pytest.approx(0.1)
    assert drawn.pace == pytest.approx(0.1)
    again = await asked(rows, newcomers=1, queued=1)
    assert (again.taken, again.places) == (0, 1)
    assert again.turn <= 0.5


async def test_lanes_leave_a_part_of_the_bucket(rows: Buckets) -> None:
    """Bulk draws it down to a fifth, normal to a twentieth, and urgent takes the rest at once."""
    of = Budget("account:lanes", 20.0, 100.0, Scope.ACCOUNT)
    taken = [(await asked(rows, lane, of, holders=200)).taken for lane in reversed(Lane)]
    assert [abs(number - wanted) <= 1 for number, wanted in zip(taken, (80, 15, 5), strict=True)]
    assert list(reversed(Lane)) == [Lane.BULK, Lane.NORMAL, Lane.URGENT]


async def test_while_bulk_waits_the_queue_of_urgent_work_leaves_it_a_share(rows: Buckets) -> None:
    """So that no lane starves."""
    await asked(rows, Lane.BULK, newcomers=20, queued=20)
    drawn = await asked(rows, Lane.URGENT, newcomers=20, queued=20)
    assert drawn.places > 0
    assert drawn.pace == pytest.approx(0.1 / 0.95)


async def test_who_is_new_goes_behind_those_that_wait(rows: Buckets) -> None:
    """While a queue is there newcomers get a slot only above half of the bucket."""
    await asked(rows, newcomers=20, queued=20)
    await execute_earlier(rows, "0.5 s")
    new = await asked(rows, newcomers=1, queued=1)
    assert (new.taken, new.places) == (0, 1)
    due = await asked(rows, holders=2)
    assert due.taken == 2


async def execute_earlier(rows: Buckets, seconds: str) -> None:
    """Let time pass for what was drawn, and not for the queue."""
    query = f"UPDATE channel.buckets SET next_at = next_at - interval '{seconds}'"  # noqa: S608
    await execute(rows._database, query)


async def test_a_block_lets_one_call_a_minute_through(rows: Buckets, database: Database) -> None:
    """All others are queued behind it."""
    await asked(rows)
    await execute(
        database,
        "UPDATE channel.buckets SET blocked_until = clock_timestamp() + interval '90 s',"
        " asked_until = clock_timestamp() + interval '1 h'",
    )
    drawn = await asked(rows, newcomers=2, queued=2)
    assert (drawn.taken, drawn.places, drawn.is_probe) == (0, 2, False)
    assert 89 < drawn.blocked <= drawn.turn <= 90
    assert 3500 < drawn.asked_for <= 3600
    await execute(database, "UPDATE channel.buckets SET probe_at = clock_timestamp()")
    probes = [(await asked(rows, newcomers=1)).taken for _ in range(3)]
    assert probes == [1, 0, 0]


async def test_the_factor_slows_slots_and_queue(rows: Buckets, database: Database) -> None:
    """A throttled bucket gives its share; a quarter of what it saved, and the next 0.1 s."""
    wide = Budget("account:wide", 40.0, 40.0, Scope.ACCOUNT)
    await asked(rows, of=wide)
    await execute(
        database, "UPDATE channel.buckets SET factor = 0.5, decreased_at = clock_timestamp()"
    )
    drawn = await asked(rows, of=wide, newcomers=9, queued=9)
    assert (drawn.taken, drawn.factor) == (5 + 2, 0.5)
    assert drawn.pace == pytest.approx(0.05)


async def test_the_queue_of_a_limit_that_opens_moves_as_it_soon_will(
    rows: Buckets, database: Database
) -> None:
    """It doubles each second: turns by its present rate would be far too late."""
    await asked(rows)
    await execute(database, "UPDATE channel.buckets SET factor = 0.1")
    drawn = await asked(rows, newcomers=9, queued=9)
    assert drawn.pace == pytest.approx(0.25)


async def test_what_comes_back_is_there_again_unless_others_drew_since(rows: Buckets) -> None:
    """Only the newest slots can be given back: the others' times are later ones."""
    first = await asked(rows, newcomers=10)
    await rows.give_back([(ONE.key, first.end_at, 4 * first.gap)])
    second = await asked(rows, newcomers=3)
    assert second.taken == 3
    await rows.give_back([(ONE.key, first.end_at, 4 * first.gap)])
    assert (await asked(rows, newcomers=10)).taken <= 2


async def test_a_clock_that_stepped_back_stops_nobody_for_long(
    rows: Buckets, database: Database
) -> None:
    """What is drawn further ahead than it may be counts as an empty bucket."""
    await asked(rows, newcomers=3)
    await execute(database, "UPDATE channel.buckets SET next_at = next_at + interval '1 h'")
    drawn = await asked(rows, newcomers=1, queued=1)
    assert drawn.turn <= 0.2


async def test_full_buckets_are_deleted_and_what_was_learned_is_kept(
    rows: Buckets, database: Database
) -> None:
    """Without a row a bucket is full, so nothing is lost."""
    names = ("full", "throttled", "drawn")
    for name in names:
        await asked(rows, of=Budget(name, 0.01, 10.0, Scope.ACCOUNT), newcomers=1)
    await execute(
        database,
        "UPDATE channel.buckets SET next_at = CASE key WHEN 'drawn' THEN next_at END,"
        " factor = CASE key WHEN 'throttled' THEN 0.5 ELSE 1 END",
    )
    async with database.connection() as connection:
        assert await delete_idle(connection, timedelta(0)) == 1
        left = await connection.fetch("SELECT key FROM channel.buckets ORDER BY key")
    assert [row["key"] for row in left] == ["drawn", "throttled"]


async def test_workers_that_draw_at_once_never_take_more_than_there_is(schema: str) -> None:
    """Two processes, many statements at once, two buckets in any order: no deadlock, no surplus."""
    several = [Database(schema, application_name="test") for _ in range(2)]
    for one in several:
        await one.start()
    await execute(several[0], "TRUNCATE channel.buckets")
    a, b = (Budget(name, 50.0, 50.0, Scope.ACCOUNT) for name in "ab")
    started, taken = time.monotonic(), Counter[str]()

    async def draw(database: Database, budgets: list[Budget]) -> None:
        asks = [Ask(budget=budget, newcomers=3) for budget in budgets]
        for _ in range(10):
            for key, drawn in (await Buckets(database).draw(Lane.URGENT, asks)).items():
                taken[key] += drawn.taken

    await asyncio.gather(*(draw(one, order) for one in several for order in ([a, b], [b, a]) * 2))
    most = 50 + 50 * (time.monotonic() - started)
    assert 50 <= taken["a"] <= most
    assert 50 <= taken["b"] <= most
    for one in several:
        await one.stop()


async def test_without_the_database_only_leased_slots_are_given(schema: str) -> None:
    """Nobody sends faster than the limit while its row can't be reached: the lease, then none."""
    async with gated(schema) as gate:
        database = Database(gate.url, application_name="test")
        await database.start()
        await execute(database, "TRUNCATE channel.buckets")
        limiter = Limiter(Buckets(database))
        wants = [Want.of((Budget("account:a", 100.0, 1000.0, Scope.ACCOUNT),))]
        for _ in range(30):
            await limiter.reserve(Lane.NORMAL, wants)  # so that there is a lease
        await gate.shut()
        given = await _until_none_is_left(limiter, wants)
        assert given <= 20
        await database.stop()


async def _until_none_is_left(limiter: Limiter, wants: list[Want]) -> int:
    """Count the slots that are given before the rows are asked."""
    for given in range(1000):
        try:
            await limiter.reserve(Lane.NORMAL, wants)
        except OUTAGES:
            return given
    raise AssertionError("it went on without the database")
