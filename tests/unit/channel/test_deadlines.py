"""Calls that take too long are ended, and nothing else is."""

from __future__ import annotations

import asyncio

import pytest

from herald.channel.deadlines import LOOK_SECONDS, Deadlines


async def test_what_takes_longer_ends_and_the_others_go_on() -> None:
    """One timer keeps them all, each to its own time."""
    deadlines = Deadlines()

    async def call(limit: float, takes: float) -> str:
        with deadlines.within(limit):
            await asyncio.sleep(takes)
            return "over"

    short, long, late = await asyncio.gather(
        call(0.01, 60), call(60, 2 * LOOK_SECONDS), call(0.01, 0), return_exceptions=True
    )
    assert isinstance(short, TimeoutError)
    assert (long, late) == ("over", "over")


async def test_a_cancellation_from_outside_is_no_timeout() -> None:
    """Whoever cancels the task sees it end as cancelled, although its time was over too."""
    deadline = Deadlines().within(60)

    async def call() -> None:
        with deadline:
            await asyncio.sleep(60)

    task = asyncio.create_task(call())
    await asyncio.sleep(0)
    deadline.expire(float("inf"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
