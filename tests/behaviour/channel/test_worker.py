"""A batch that can't be claimed is handled again whole: nothing of it has left the worker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from behaviour.channel.bench import Bench, batch
from behaviour.channel.world import attempt_id
from herald.channel.accounts import LEASE_SLACK
from herald.database.pool import OUTAGES


async def test_a_failed_claim_leaves_nothing_behind(bench: Bench) -> None:
    """Neither calls nor returns nor waits remain, and no token is spent for good."""
    late = datetime.now(UTC) - timedelta(seconds=1)
    deliveries = batch(*(attempt_id() for _ in range(40))) + batch(attempt_id(), not_after=late)
    await bench.gate.shut()
    for _ in range(3):
        with pytest.raises(OUTAGES):
            await bench.worker(deliveries)
        assert bench.tray.finished == []
        assert not bench.worker._tasks
        assert not bench.worker._calls
    await bench.gate.open()
    await bench.worker(deliveries)
    await bench.worker.drain()
    statuses = [item.receipt.status.value for item in bench.tray.finished]
    assert len(statuses) == 41
    # a second's worth and two that waited; less what passes by while the machine is at other work
    assert 20 <= statuses.count("accepted") <= 32
    assert len(bench.provider.calls) == statuses.count("accepted")
    assert not any(delivery.settled for delivery in deliveries)  # the recorder's to settle


async def test_a_claim_that_stood_is_called_once_though_the_batch_retries_on_5xx(
    bench: Bench,
) -> None:
    """The same deliveries again find their own claims: no second call, and the work is acked."""
    attempts = [attempt_id() for _ in range(5)]
    first, again = batch(*attempts), batch(*attempts)
    bench.provider.may_respond.clear()
    await bench.worker(first)
    await bench.worker(again)
    bench.provider.may_respond.set()
    await bench.worker.drain()
    assert len(bench.provider.calls) == 5
    assert len(bench.tray.finished) == 5
    assert all(delivery.settled for delivery in again)


async def test_work_whose_claim_fails_after_its_wait_is_returned(bench: Bench) -> None:
    """A database lost while work waited for its token: it goes back, for later, without a call."""
    async with bench.database.connection() as connection:
        await connection.execute(
            "INSERT INTO channel.buckets (key, blocked_until)"
            " VALUES ('account:main', clock_timestamp() + interval '0.5 s')"
        )
    await bench.worker(batch(attempt_id()))
    await bench.gate.shut()
    await bench.worker.drain()
    [item] = bench.tray.finished
    assert item.receipt.returned is not None
    assert item.receipt.returned.reason == "claim_failed"
    assert item.receipt.returned.wait == LEASE_SLACK
    assert item.release is None  # it was never asked for
    assert bench.provider.calls == []
