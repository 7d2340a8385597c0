"""Whose batch goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from herald.bus.batches import Handler
from herald.bus.deliveries import Delivery
from herald.bus.lane_turns import LaneTurns
from herald.contracts.vocabulary import Lane


class Gate:
    """A handler that says when it begins, and ends when it may."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, _deliveries: Sequence[Delivery]) -> None:
        self.has_begun.set()
        await self.may_end.wait()


def _run(handler: Handler) -> asyncio.Task[None]:
    async def handle() -> None:
        await handler([])

    return asyncio.create_task(handle())


async def test_no_other_batch_begins_beside_an_urgent_one() -> None:
    """A bulk batch waits until the urgent one is over, then begins at once."""
    turns, urgent, bulk = LaneTurns(), Gate(), Gate()
    first = _run(turns.give(urgent, Lane.URGENT))
    await urgent.has_begun.wait()
    second = _run(turns.give(bulk, Lane.BULK))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not bulk.has_begun.is_set()
    urgent.may_end.set()
    await asyncio.wait_for(bulk.has_begun.wait(), 1)
    bulk.may_end.set()
    await asyncio.gather(first, second)


async def test_urgent_batches_starve_nobody() -> None:
    """A batch that has waited for its bound begins though urgent ones go on."""
    turns, urgent, normal = LaneTurns(), Gate(), Gate()
    first = _run(turns.give(urgent, Lane.URGENT))
    await urgent.has_begun.wait()
    second = _run(turns.give(normal, Lane.NORMAL))
    await asyncio.wait_for(normal.has_begun.wait(), 2)
    assert not first.done()
    urgent.may_end.set()
    normal.may_end.set()
    await asyncio.gather(first, second)


async def test_lanes_do_not_wait_for_one_another_otherwise() -> None:
    """Without urgent work every lane handles its batches at its own pace."""
    turns, one, other = LaneTurns(), Gate(), Gate()
    tasks = [_run(turns.give(one, Lane.BULK)), _run(turns.give(other))]
    await asyncio.gather(one.has_begun.wait(), other.has_begun.wait())
    one.may_end.set()
    other.may_end.set()
    await asyncio.gather(*tasks)
