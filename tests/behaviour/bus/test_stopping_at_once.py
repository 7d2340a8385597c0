"""Stopping right after settling: what was acknowledged stays acknowledged."""

from __future__ import annotations

import pytest

from behaviour.bus.collecting import Collector, Subscribe, bodies
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.connections import Connections
from herald.contracts import topology


@pytest.mark.parametrize("newest_first", [False, True])
async def test_acknowledgements_just_before_the_end_count(
    subscribe: Subscribe,
    connections: Connections,
    rabbit: Rabbit,
    work: WorkQueue,
    newest_first: bool,
) -> None:
    """A quorum queue drops acknowledgements it has not taken in when their channel closes."""
    await rabbit.fill(topology.OUTBOUND, work.key, bodies(500))
    collect = Collector()
    subscriber = await subscribe(collect, prefetch=500, largest=1024, settle="single")
    await until(lambda: len(collect.deliveries) == 500)
    for delivery in sorted(collect.deliveries, key=lambda d: d.tag, reverse=newest_first):
        await delivery.ack()
    await subscriber.stop()
    await connections.consuming.stop()
    assert await rabbit.drain(work.queue, quiet_seconds=0.5) == []
