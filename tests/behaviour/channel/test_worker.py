"""A batch that can't be claimed comes again whole: nothing of it has left the worker's hands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import pytest_asyncio

from behaviour.channel.gate import Gate, gated
from behaviour.channel.world import FakeProvider, World, attempt_id
from behaviour.channel.world import work as written
from herald.bus.deliveries import Delivery
from herald.channel.accounts import Slot
from herald.channel.limits import TokenBucket
from herald.channel.recorder import Finished, Recorder
from herald.channel.worker import Worker
from herald.database.pool import OUTAGES, Database
from unit.channel.making import twilio

RATE = 10


class Tray:
    """Stands where the recorder does, and keeps what is handed in."""

    def __init__(self) -> None:
        self.finished: list[Finished] = []

    def add(self, finished: Finished) -> None:
        self.finished.append(finished)


class Bench:
    """A worker of one account, without a broker."""

    def __init__(self, gate: Gate, database: Database) -> None:
        self.gate = gate
        self.tray = Tray()
        self.provider = FakeProvider()
        self.bucket = TokenBucket(RATE)
        slot = Slot(name="main", account=twilio(), provider=self.provider, bucket=self.bucket)
        self.worker = Worker("sms", [slot], database, cast("Recorder", self.tray))


@pytest_asyncio.fixture
async def bench(world: World) -> AsyncIterator[Bench]:
    """Give a worker whose way to the database can be shut."""
    async with gated(world.dsn) as gate:
        database = Database(gate.url, application_name="test")
        await database.start()
        yield Bench(gate, database)
        await database.stop()


def batch(*attempts: str, **changes: object) -> list[Delivery]:
    return [Delivery(body=written(attempt, **changes)) for attempt in attempts]


async def test_a_failed_claim_leaves_nothing_behind(bench: Bench) -> None:
    """Neither calls nor returns nor waits remain, and no token is spent for good."""
    late = datetime.now(UTC) - timedelta(seconds=1)
    deliveries = batch(*(attempt_id() for _ in range(40))) + batch(attempt_id(), not_after=late)
    await bench.gate.shut()
    for _ in range(3):
        with pytest.raises(OUTAGES):
            await bench.worker(deliveries)
        assert bench.tray.finished == []
        assert not bench.worker._calls
        now = datetime.now(UTC)
        assert bench.bucket.peek(now) == now
    await bench.gate.open()
    await bench.worker(deliveries)
    await bench.worker.drain()
    statuses = [item.receipt.status.value for item in bench.tray.finished]
    assert len(statuses) == 41
    assert 30 <= statuses.count("accepted") <= 32  # a second's worth and two that waited
    assert len(bench.provider.calls) == statuses.count("accepted")
    assert not any(delivery.settled for delivery in deliveries)  # the recorder's to settle


async def test_a_claim_that_stood_is_called_once_though_the_batch_comes_again(
    bench: Bench,
) -> None:
    """The same deliveries again find their own claims: no second call, and the work is acked."""
    attempts = [attempt_id() for _ in range(5)]
    first, again = batch(*attempts), batch(*attempts)
    bench.provider.may_answer.clear()
    await bench.worker(first)
    await bench.worker(again)
    bench.provider.may_answer.set()
    await bench.worker.drain()
    assert len(bench.provider.calls) == 5
    assert len(bench.tray.finished) == 5
    assert all(delivery.settled for delivery in again)


async def test_work_whose_claim_fails_after_its_wait_is_returned(bench: Bench) -> None:
    """A database lost while work waited for its token: it goes back, for later, without a call."""
    attempts = [attempt_id() for _ in range(RATE + 1)]
    await bench.worker(batch(*attempts))
    await bench.gate.shut()
    await bench.worker.drain()
    [last] = [item for item in bench.tray.finished if item.receipt.returned]
    assert last.receipt.returned is not None
    assert last.receipt.returned.reason == "claim_failed"
    assert last.receipt.returned.not_before is not None
    assert last.receipt.received_at < last.receipt.returned.not_before
    assert len(bench.provider.calls) == RATE


async def test_a_lease_that_ended_before_the_call_makes_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker held up until its claim can't cover the call leaves the attempt to the sweeper."""
    monkeypatch.setattr("herald.channel.accounts.LEASE_SLACK", timedelta(seconds=-1))
    [delivery] = batch(attempt_id())
    await bench.worker([delivery])
    await bench.worker.drain()
    assert bench.provider.calls == []
    assert bench.tray.finished == []
    assert delivery.settled
