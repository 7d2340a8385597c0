"""State only moves forward: any order and repetition of the same receipts ends in the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.receipts import Return
from herald.contracts.vocabulary import FailureClass, Receipts, Status
from router.core.decide import decide
from router.core.effects import Decision, Emit
from router.core.facts import ReceiptArrived
from router.core.message import Message
from router.core.states import RANKS, REMEMBERED
from unit.router.making import NOW, accepted, answered, begun, failed, receipt, seconds, step

PLAIN = [
    Status.UNKNOWN,
    Status.SENT,
    Status.DELIVERED,
    Status.BOUNCED,
    Status.READ,
    Status.CLICKED,
    Status.DEFERRED,
    Status.COMPLAINED,
    Status.UNSUBSCRIBED,
    Status.OTHER,
]
RETURNS = [
    Return(reason="rate_limit", wait=seconds(5)),
    Return(reason="rate_limit", wait=seconds(3600)),
    Return(reason="connect"),
]


def _two_attempts() -> Message:
    """Make a message with two attempts that a cancel has stopped: no further one can follow."""
    message = begun(step("whatsapp"), step("sms"), step("email"))
    message = decide(message, failed(message, FailureClass.UNREACHABLE), NOW).message
    return message.with_state(stopped=True)


BASE = _two_attempts()


def _facts(index: int) -> list[ReceiptArrived]:
    return [
        accepted(BASE, Receipts.READ, attempt=index),
        failed(BASE, FailureClass.UNREACHABLE, attempt=index),
        *(receipt(BASE, status, attempt=index) for status in PLAIN),
        *(receipt(BASE, Status.RETURNED, attempt=index, returned=one) for one in RETURNS),
    ]


ALL = [*_facts(0), *_facts(1)]


def _end(facts: list[ReceiptArrived]) -> dict[str, Any]:
    message, emitted = BASE, Counter[tuple[str, int]]()
    for number, fact in enumerate(facts):
        before = message
        decision = decide(message, fact, NOW + seconds(number))
        message = decision.message
        emitted += Counter(_once_an_attempt(decision))
        if message.pending is not None:  # another worker was first: other facts prove its call
            lost = answered(message, won=False, lease_until=NOW)
            message = decide(message, lost, NOW + seconds(number)).message
        for old, new in zip(before.state.attempts, message.state.attempts, strict=False):
            assert RANKS[new.status] >= RANKS[old.status]
    return {
        "status": message.status,
        "attempts": [(a.status, a.reached, a.flags) for a in message.state.attempts],
        "emitted": emitted,
    }


def _once_an_attempt(decision: Decision) -> Iterator[tuple[str, int]]:
    """Name the events that no order of facts may add, drop or repeat, with their attempt's step."""
    for effect in decision.effects:
        if isinstance(effect, Emit) and effect.what in set(REMEMBERED) and effect.attempt:
            yield effect.what, effect.attempt.step


@given(data=st.data(), chosen=st.lists(st.sampled_from(range(len(ALL))), min_size=1, max_size=10))
def test_order_and_repetition_do_not_matter(data: st.DataObject, chosen: list[int]) -> None:
    """One set of receipts in two orders, with repeats, gives the same statuses; no rank falls.

    And the same news beside the ranks: each bounce, complaint, unsubscription and deferral once.
    Of receipts with the same key one is chosen: they are one fact, and the first to come counts.
    """
    once = sorted({ALL[i].key: i for i in chosen}.values())
    repeats = [i for i in chosen if i in once]
    shuffled = data.draw(st.permutations([*repeats, *once]))
    assert _end([ALL[i] for i in once]) == _end([ALL[i] for i in shuffled])
