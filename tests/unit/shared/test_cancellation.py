"""A cancellation that the client library leaks is an error; our own goes through in any case."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from aiormq.exceptions import ChannelInvalidStateError

from herald.bus.cancellation import own_cancellation_only


async def test_a_leaked_cancellation_is_an_error() -> None:
    """Awaiting what was cancelled elsewhere does not end the task that awaits it."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    with pytest.raises(ChannelInvalidStateError), own_cancellation_only():
        await future


async def wait() -> None:
    with own_cancellation_only():
        await asyncio.sleep(60)


async def test_ones_own_cancellation_goes_through() -> None:
    """A task that is cancelled ends."""
    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_a_time_limit_around_it_holds() -> None:
    """`asyncio.timeout` cancels the task for a moment, and that is meant."""

    async def limited() -> None:
        async with asyncio.timeout(0.01):
            await wait()

    with pytest.raises(TimeoutError):
        await limited()


async def swallow() -> None:
    """Return though cancelled, as `asyncio.wait_for` may that aiormq uses."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(60)


async def test_ones_own_cancellation_goes_through_what_swallows_it() -> None:
    """A loop that asks the broker again and again would never end otherwise."""

    async def ask_again() -> None:
        for _ in range(2):
            with own_cancellation_only():
                await swallow()

    task = asyncio.create_task(ask_again())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=1)
    assert task.cancelled()


async def test_a_time_limit_around_what_swallows_it_holds() -> None:
    """Its end is no cancellation of the task's."""

    async def limited() -> None:
        async with asyncio.timeout(0.01):
            with own_cancellation_only():
                await swallow()

    with pytest.raises(TimeoutError):
        await limited()


async def test_what_is_done_after_a_cancellation_is_done_whole() -> None:
    """Only one that comes meanwhile ends it."""
    cleaned = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            with own_cancellation_only():
                await asyncio.sleep(0)
            cleaned.append(True)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=1)
    assert cleaned == [True]
