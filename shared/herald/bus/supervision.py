"""Keeping a subscriber's batch loop running, one at a time, and ending it."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from herald.bus.batches import BatchLoop, where

_RESTART_SECONDS = 0.5
_CANCEL_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class SupervisedLoop:
    """Runs a batch loop in a task of its own; runs it again if it dies."""

    def __init__(self, batches: BatchLoop) -> None:
        self._batches = batches
        self._running: asyncio.Task[None] | None = None  # the loop
        self._watching: asyncio.Task[None] | None = None  # who runs it again

    @property
    def problem(self) -> str | None:
        """What is wrong, for readiness; None when the loop runs."""
        if self._running is None or self._running.done():
            return f"the loop of {self._batches.queue} is not running"
        if self._running.cancelling():
            return f"the loop of {self._batches.queue} waits for a handler that was cancelled"
        return None

    def start(self) -> None:
        """Run the loop once the run before it, if it was abandoned, has ended."""
        self._batches.reopen()
        name = f"batches of {self._batches.queue}"
        self._watching = asyncio.create_task(self._keep_running(), name=name)

    def abandon(self) -> None:
        """End the loop at once; its handler is cancelled and what it held is dropped."""
        self._batches.abandon()
        for task in (self._watching, self._running):
            if task is not None:
                task.cancel()

    async def drain(self, timeout_seconds: float) -> None:
        """Let the loop end once everything received is handled, or the time is up."""
        self._batches.close()
        if self._watching is not None:
            await asyncio.wait([self._watching], timeout=timeout_seconds)

    async def end(self) -> None:
        """Cancel what still runs."""
        await cancelled(self._watching)
        await cancelled(self._running)

    async def _keep_running(self) -> None:
        if self._running is not None:
            await asyncio.wait([self._running])
        while True:
            # Started again after a death, it goes on with the batch it held.
            self._running = asyncio.create_task(self._batches.run())
            await asyncio.wait([self._running])
            error = None if self._running.cancelled() else self._running.exception()
            if not self._running.cancelled() and error is None:
                return
            _log.error(
                "bus.loop_died",
                queue=self._batches.queue,
                error=type(error).__name__,
                where="" if error is None else where(error),
            )
            await asyncio.sleep(_RESTART_SECONDS)


async def cancelled(task: asyncio.Task[None] | None) -> None:
    """Cancel a task and wait until it has ended, a moment at most."""
    if task is None or task.done():
        return
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait([task], timeout=_CANCEL_SECONDS)
