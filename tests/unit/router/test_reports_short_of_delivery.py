"""Messages of which a provider reports less than of others end as soon as it has said all."""

from __future__ import annotations

import pytest

from herald.contracts.vocabulary import Outcome, Receipts, Status
from router.core.decide import decide
from router.core.effects import Effect, Emit
from unit.router.making import NOW, accepted, begun, receipt


def test_a_read_receipt_ends_with_its_acceptance() -> None:
    """Nothing is ever reported of it: it counts as sent, and says that nobody confirmed more."""
    decision = decide(begun(), accepted(begun(), Receipts.NONE), NOW)
    [end] = [effect for effect in decision.effects if isinstance(effect, Emit)]
    assert (end.what, end.outcome, end.confirmed) == ("sent", Outcome.SUCCEEDED, False)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_reaction_ends_once_it_was_sent(order: tuple[int, int]) -> None:
    """Its delivery is not reported, so `sent` is as good as delivered; in either order."""
    message = begun()
    facts = (
        accepted(message, Receipts.SENT),
        receipt(message, Status.SENT, source="webhook"),
    )
    effects: list[Effect] = []
    for number in order:
        decision = decide(message, facts[number], NOW)
        message, effects = decision.message, [*effects, *decision.effects]
    assert message.outcome is Outcome.SUCCEEDED
    ends = [it for it in effects if isinstance(it, Emit) and it.outcome is not None]
    assert [end.confirmed for end in ends] == [False]
