"""Isolating the bad items of a batch: what it costs, and what an outage means."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from herald.database.pool import OUTAGES
from router.batches import apply_isolated


class Table:
    """Takes items, all or none at a time; refuses the bad ones, or everything while it is away."""

    def __init__(self, bad: Sequence[int] = (), away_after: int | None = None) -> None:
        self.bad = set(bad)
        self.away_after = away_after
        self.calls = 0
        self.taken: list[int] = []
        self.set_aside: list[int] = []

    async def apply(self, items: Sequence[int]) -> None:
        self.calls += 1
        if self.away_after is not None and self.calls > self.away_after:
            raise OUTAGES[0]
        if self.bad.intersection(items):
            raise ValueError
        self.taken += items

    async def put_aside(self, item: int, error: Exception) -> None:
        assert isinstance(error, ValueError)
        self.set_aside.append(item)


async def test_a_good_batch_is_applied_once() -> None:
    """Nothing is isolated while nothing fails."""
    table = Table()
    await apply_isolated(range(200), table.apply, table.put_aside)
    assert (table.calls, table.taken) == (1, list(range(200)))


@pytest.mark.parametrize("bad", [[7], range(0, 200, 2), range(200)])
async def test_bad_items_cost_one_more_call_an_item(bad: Sequence[int]) -> None:
    """However many are bad, each item is tried once more; the good ones stay in order."""
    table = Table(bad)
    await apply_isolated(range(200), table.apply, table.put_aside)
    assert table.calls == 201
    assert table.set_aside == list(bad)
    assert table.taken == [item for item in range(200) if item not in table.bad]


async def test_a_bad_item_alone_is_tried_once() -> None:
    """A batch of one needs no second try."""
    table = Table([0])
    await apply_isolated([0], table.apply, table.put_aside)
    assert (table.calls, table.set_aside) == (1, [0])


@pytest.mark.parametrize("after", [0, 1, 3])
async def test_an_outage_keeps_the_batch(after: int) -> None:
    """Whether at first or among the single items, nobody is set aside for it."""
    table = Table([5], away_after=after)
    with pytest.raises(OUTAGES):
        await apply_isolated(range(10), table.apply, table.put_aside)
    assert table.set_aside == []
