"""The work of a service beside its requests and deliveries: started, watched, started again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from herald.bus.batches import where
from herald.bus.cancellation import own_cancellation_only, raise_own_cancellation

RESTART_SECONDS = 1.0
REPORTED_SECONDS = 30.0  # how long readiness shows a death: longer than two probes apart

_log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[None]]


class EndedError(Exception):
    """Work that goes on as long as its service ended by itself."""


class Background:
    """Runs one job while the service lives. A job that dies is reported and started again."""

    def __init__(
        self,
        name: str,
        run: Job,
        *,
        restart_seconds: float = RESTART_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._run = run
        self._restart_seconds = restart_seconds
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._death: tuple[float, str] | None = None  # when, by the clock, and of what

    @property
    def problem(self) -> str | None:
        """What is wrong, for readiness: it does not run, or died of a bug a moment ago."""
        if self._task is None or self._task.done():
            return f"{self._name} does not run"
        if self._death is not None and self._clock() - self._death[0] < REPORTED_SECONDS:
            return f"{self._name} died ({self._death[1]}) and was started again"
        return None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._keep_running(), name=self._name)

    async def stop(self) -> None:
        """End it, and wait until it has ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _keep_running(self) -> None:
        while True:
            try:
                await _for_ever(self._run)
            except Exception as caught:  # noqa: BLE001  readiness reports it; a bug must not go unseen
                error = _innermost(caught)
                kind = type(error).__name__
                self._death = self._clock(), kind
                _log.error("background.died", work=self._name, error=kind, where=where(error))
            raise_own_cancellation()  # a job that fails as it is cancelled hides it
            await asyncio.sleep(self._restart_seconds)


async def run_together(*jobs: Job) -> None:
    """Run jobs that never end by themselves; when one does, end the others.

    Raises:
        ExceptionGroup: with what ended the first; a leaked cancellation ends a job, too.
    """
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_for_ever(job))


async def _for_ever(job: Job) -> None:
    with own_cancellation_only():
        await job()
    raise EndedError


def _innermost(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
