"""How many messages a consumer may hold, by their sizes."""

from __future__ import annotations

import pytest

from herald.bus.byte_budget import BUDGET_BYTES, PrefetchBudget
from herald.contracts.commands import MAX_COMMAND_BYTES

KIB = 1024


def budget_after(*sizes: int, most: int = 400) -> PrefetchBudget:
    budget = PrefetchBudget(most)
    for size in sizes:
        budget.note(size)
    return budget


def test_it_starts_with_room_for_the_largest() -> None:
    """Before sizes are known a full prefetch of the largest commands fits the budget."""
    allowed = budget_after().allowed
    assert allowed * MAX_COMMAND_BYTES == BUDGET_BYTES
    assert budget_after(*[100] * 31).allowed == allowed


def test_small_messages_give_all_that_is_configured() -> None:
    """Ordinary traffic gets the configured prefetch, whose last step is taken however short."""
    budget = budget_after(*[2 * KIB] * 32)
    assert budget.allowed == 400
    assert budget.suited(64) == 400
    assert budget.suited(300) == 400


def test_few_are_never_made_more() -> None:
    """A prefetch smaller than the budget allows stands."""
    assert budget_after(most=10).allowed == 10
    assert budget_after(*[100] * 64, most=10).suited(10) == 10


@pytest.mark.parametrize("size", [216 * KIB, 300 * KIB, 2 * BUDGET_BYTES])
def test_large_ones_fit_the_budget(size: int) -> None:
    """Whatever they are, as many as fit are held, and one at least."""
    allowed = budget_after(*[size] * 64).allowed
    assert allowed == 1 or allowed * size <= BUDGET_BYTES


def test_larger_than_the_largest_is_believed_at_once() -> None:
    """A message that is refused for its size is held all the same until then."""
    assert budget_after(1024 * KIB).allowed == 16


def test_large_ones_are_noticed_soon() -> None:
    """After small traffic some two dozen large messages shrink what is held."""
    budget = budget_after(*[KIB] * 64)
    noticed = 0
    while budget.suited(400) == 400:
        budget.note(216 * KIB)
        noticed += 1
    assert noticed <= 28
    assert budget.suited(400) <= 200


def test_it_does_not_flap() -> None:
    """Sizes that swing about a mean change nothing once a prefetch suits them."""
    budget = budget_after(*[64 * KIB, 128 * KIB] * 32)
    current = budget.suited(400)
    assert current < 400
    for size in [64 * KIB, 160 * KIB, 100 * KIB] * 100:
        budget.note(size)
        assert budget.suited(current) == current
