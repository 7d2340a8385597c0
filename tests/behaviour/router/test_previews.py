"""Sources of clearances are asked about dry runs as about messages, and nothing comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from unittest.mock import create_autospec

import asyncpg

from behaviour.router.world import World
from herald.bus.publishing import Publisher
from herald.config.file import RetryRules
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.database.pool import Connection, Database
from router.clearances.source import Found, Hop
from router.core.clearance import Clearance, Refusal, Wait
from router.outbox import Outbox
from router.unit_of_work import UnitsOfWork
from unit.router.making import message


class Charging:
    """A source that writes for each hop, as a quota does."""

    async def clear(self, connection: Connection, hops: Sequence[Hop], now: datetime) -> Found:
        for hop in hops:
            assert hop.is_dry_run
            await connection.execute(
                "INSERT INTO router.audit (broker_user, act, subject, detail)"
                " VALUES ('test', 'charged', $1, '{}')",
                str(hop.message.id),
            )
        return {hop.key: Clearance(wait=Wait(now + timedelta(hours=1), "quota")) for hop in hops}


class Refusing:
    """A source that refuses every hop, also one that waits already."""

    async def clear(self, _connection: Connection, hops: Sequence[Hop], _now: datetime) -> Found:
        refusal = Refusal("opted_out", Failure.of(FailureClass.OPTED_OUT, "opted_out"))
        return {hop.key: Clearance(refusal=refusal) for hop in hops}


async def charged(connection: asyncpg.Connection) -> int:
    found: int = await connection.fetchval(
        "SELECT count(*) FROM router.audit WHERE act = 'charged'"
    )
    return found


async def test_all_sources_are_asked_and_their_writing_is_undone(world: World) -> None:
    """Of each step everything in its way is known; no quota is charged for a question."""
    database = Database(world.dsn, application_name="test")
    await database.start()
    nowhere = create_autospec(Publisher, instance=True)
    outbox = Outbox(database, nowhere, nowhere)
    units = UnitsOfWork(database, outbox, RetryRules(), [Charging(), Refusing()])
    hops = [Hop(message(), step, is_dry_run=True) for step in (1, 2)]
    try:
        async with units.begin() as unit:
            found = await unit.preview(hops)
            assert await unit.connection.fetchval("SELECT 1") == 1  # the transaction goes on
    finally:
        await database.stop()
    for hop in hops:
        clearance = found[hop.key]
        assert clearance.refusal is not None
        assert clearance.wait is not None
    assert await charged(world.database) == 0
