"""The confirms that writes wait for."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.bus.wire.confirms import ConfirmBook, Outcome, Write


async def writes(*sizes: int) -> tuple[ConfirmBook, list[Write]]:
    """Expect some writes."""
    book = ConfirmBook()
    ids = iter(range(1000))
    return book, [book.expect([f"id-{next(ids)}" for _ in range(size)]) for size in sizes]


async def test_a_write_is_done_when_all_of_it_is_confirmed() -> None:
    """One future for all of a write, whatever the order of its confirms."""
    book, [first, second] = await writes(2, 2)
    book.settle(2, multiple=False, acked=True)
    assert not first.done.done()
    book.settle(1, multiple=False, acked=True)
    assert first.done.done()
    assert not second.done.done()
    book.settle(4, multiple=True, acked=True)
    assert second.outcomes == [Outcome.CONFIRMED] * 2


async def test_a_confirm_of_many_reaches_back_over_writes() -> None:
    """It settles all that is not settled yet, and nothing after it."""
    book, [first, second, third] = await writes(2, 3, 2)
    book.settle(1, multiple=False, acked=False)
    book.settle(4, multiple=True, acked=True)
    assert first.outcomes == [Outcome.REFUSED, Outcome.CONFIRMED]
    assert second.outcomes == [Outcome.CONFIRMED] * 2 + [Outcome.WAITING]
    assert third.left == 2


async def test_a_return_comes_before_its_confirm() -> None:
    """The message that came back is confirmed like any other, and was not taken."""
    book, [write] = await writes(2)
    book.returned("id-1")
    book.returned("unknown")
    book.returned(None)
    book.settle(2, multiple=True, acked=True)
    assert write.outcomes == [Outcome.CONFIRMED, Outcome.RETURNED]


async def test_what_was_not_written_is_taken_back() -> None:
    """The next write has its tags."""
    book, [_, second] = await writes(1, 2)
    book.take_back(second)
    assert book.expect(["next"]).first == 2


async def test_a_closed_channel_gives_everything_up() -> None:
    """What was confirmed stays so; the rest is lost, and why is kept."""
    book, [first, second] = await writes(2, 1)
    book.settle(1, multiple=False, acked=True)
    book.returned("id-1")
    book.lose("gone")
    assert first.outcomes == [Outcome.CONFIRMED, Outcome.LOST]
    assert second.done.done()
    assert book.closed_because == "gone"


async def test_what_a_closed_channel_gave_up_is_not_taken_back() -> None:
    """Its writer learns of the close, and the first reason for it stays."""
    book, [write] = await writes(2)
    book.lose("gone")
    book.lose("gone as well")
    book.take_back(write)
    assert write.outcomes == [Outcome.LOST] * 2
    assert book.closed_because == "gone"


async def test_a_confirm_of_nothing_is_ignored() -> None:
    """A tag that nobody waits for changes nothing."""
    book, [write] = await writes(1)
    book.settle(9, multiple=False, acked=True)
    assert write.outcomes == [Outcome.WAITING]


@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    steps=st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.booleans()), max_size=20),
)
@pytest.mark.asyncio
async def test_any_confirms(sizes: list[int], steps: list[tuple[int, bool, bool]]) -> None:
    """Each tag has the outcome of the first confirm that reached it."""
    book, made = await writes(*sizes)
    expected: dict[int, Outcome] = {}
    for tag, multiple, acked in steps:
        book.settle(tag, multiple=multiple, acked=acked)
        outcome = Outcome.CONFIRMED if acked else Outcome.REFUSED
        for each in range(1 if multiple else tag, tag + 1):
            expected.setdefault(each, outcome)
    tag = 0
    for write in made:
        for outcome in write.outcomes:
            tag += 1
            assert outcome is expected.get(tag, Outcome.WAITING)
        assert write.left == write.outcomes.count(Outcome.WAITING)
        assert write.done.done() is (write.left == 0)


async def test_a_write_is_waited_for_again_and_again() -> None:
    """Until a time each: what is confirmed meanwhile counts, and what comes after it, too."""
    book, [write] = await writes(2)
    now = asyncio.get_running_loop().time
    assert not await write.is_done_by(now())
    book.settle(1, multiple=False, acked=True)
    assert not await write.is_done_by(now() + 0.001)
    waiting = asyncio.create_task(write.is_done_by(now() + 60))
    await asyncio.sleep(0)
    book.settle(2, multiple=False, acked=False)
    assert await waiting
    assert await write.is_done_by(now())
    assert write.outcomes == [Outcome.CONFIRMED, Outcome.REFUSED]


async def test_a_return_counts_for_the_publish_that_is_looked_at() -> None:
    """One that timed out may wait under the same id: its return is not taken for the other's."""
    book = ConfirmBook()
    book.expect(["id"])
    again = book.expect(["id"])
    book.returned("id")
    book.settle(2, multiple=True, acked=True)
    assert again.outcomes == [Outcome.RETURNED]
