"""A cancellation that was meant for us is one thing, one that the client library leaks another.

A connection that is given up (its link is dead, its heartbeats ran out) makes aiormq end whatever
waits on it with a CancelledError, as if the caller had been cancelled. A task that believes this
ends in silence: nobody sees that it stopped.

It also swallows some: `asyncio.wait_for`, by which aiormq limits its calls, does so up to Python
3.11 when what it waits for is done at that moment. A loop that believes its call goes on for ever,
and a service that stops waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiormq.exceptions import ChannelInvalidStateError


@contextmanager
def own_cancellation_only() -> Iterator[None]:
    """Let a block be cancelled by its task's cancellation alone, and by that in any case.

    Raises:
        ChannelInvalidStateError: the block was cancelled, and nobody had cancelled the task.
        CancelledError: the task was cancelled, and something in the block swallowed it.
    """
    before = _cancellations()
    try:
        yield
    except asyncio.CancelledError:
        if _cancellations():
            raise
        raise ChannelInvalidStateError("its connection was given up") from None
    if _cancellations() > before:  # else it is what a task does after its cancellation
        raise asyncio.CancelledError


def raise_own_cancellation() -> None:
    """Raise the cancellation of the running task that something it awaited has swallowed.

    Raises:
        CancelledError: the task was cancelled.
    """
    if _cancellations():
        raise asyncio.CancelledError


def _cancellations() -> int:
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()
