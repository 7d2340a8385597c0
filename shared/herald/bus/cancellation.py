"""A cancellation that was meant for us is one thing, one that the client library leaks another.

A connection that is given up (its link is dead, its heartbeats ran out) makes aiormq end whatever
waits on it with a CancelledError, as if the caller had been cancelled. A task that believes this
ends in silence: nobody sees that it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiormq.exceptions import ChannelInvalidStateError


@contextmanager
def own_cancellation_only() -> Iterator[None]:
    """Let a block be cancelled by its task's cancellation alone.

    Raises:
        ChannelInvalidStateError: the block was cancelled, and nobody had cancelled the task.
    """
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ChannelInvalidStateError("its connection was given up") from None


def raise_own_cancellation() -> None:
    """Raise the cancellation of the running task that something it awaited has swallowed.

    `asyncio.wait_for` did so up to Python 3.11 when what it waits for is done at that moment.

    Raises:
        CancelledError: the task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
