"""One timer for many calls: each is ended at its own time, and at no other."""

from __future__ import annotations

import asyncio

from herald.http.deadline import Deadline

SOON, LATER = 0.02, 0.06


class Missed:
    """Notes when the limit was reached."""

    def __init__(self) -> None:
        self.began = asyncio.get_running_loop().time()
        self.after: list[float] = []

    def __call__(self) -> None:
        self.after.append(asyncio.get_running_loop().time() - self.began)


async def test_it_is_missed_once_when_it_is_reached() -> None:
    missed = Missed()
    Deadline(missed).set(missed.began + SOON)
    await asyncio.sleep(3 * SOON)
    [after] = missed.after
    assert after >= SOON - 0.002


async def test_what_has_ended_misses_nothing() -> None:
    missed = Missed()
    deadline = Deadline(missed)
    deadline.set(missed.began + SOON)
    deadline.clear()
    await asyncio.sleep(2 * SOON)
    assert missed.after == []


async def test_the_next_call_has_its_whole_time() -> None:
    """The timer of the one before rings too early for it."""
    missed = Missed()
    deadline = Deadline(missed)
    deadline.set(missed.began + SOON)
    deadline.clear()
    deadline.set(missed.began + LATER)
    await asyncio.sleep(2 * LATER)
    [after] = missed.after
    assert after >= LATER - 0.002


async def test_a_call_that_ends_sooner_than_the_one_before() -> None:
    """It waited long for its connection, and had less time left."""
    missed = Missed()
    deadline = Deadline(missed)
    deadline.set(missed.began + 10)
    deadline.clear()
    deadline.set(missed.began + SOON)
    await asyncio.sleep(LATER)
    assert len(missed.after) == 1


async def test_a_closed_connection_keeps_no_timer() -> None:
    missed = Missed()
    deadline = Deadline(missed)
    deadline.set(missed.began + SOON)
    deadline.stop()
    await asyncio.sleep(2 * SOON)
    assert missed.after == []
