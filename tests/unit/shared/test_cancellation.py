"""A cancellation that the client library leaks is an error; our own stays what it is."""

from __future__ import annotations

import asyncio

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
