"""Jobs that are done again and again, for as long as the service lives."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from herald.bus.batches import where
from herald.bus.cancellation import raise_own_cancellation

JITTER = 0.2  # of an interval, where jobs of several replicas should not meet
FAILURE_PAUSE_SECONDS = 1.0  # after a failure at least this long

_log = structlog.get_logger(__name__)


class Periodic:
    """Does one job every `seconds`, and at once again while it returns True.

    A failure ends nothing: it is logged as `<name>.failed`, and the job is done again after the
    interval. While the database is away that is logged once.
    """

    def __init__(
        self,
        name: str,
        job: Callable[[], Awaitable[bool | None]],
        seconds: float,
        *,
        jitter: float = 0.0,
        begins_with_pause: bool = False,
        failure_pause_seconds: float = FAILURE_PAUSE_SECONDS,
    ) -> None:
        """Make it; `jitter` is the share of `seconds` by which an interval may differ."""
        self._name = name
        self._job = job
        self._seconds = seconds
        self._jitter = jitter
        self._begins_with_pause = begins_with_pause
        self._failure_pause_seconds = failure_pause_seconds
        self._is_away = False
        self._woken = asyncio.Event()
        self.problem: str | None = None  # for readiness: what the job failed of the last time

    async def run(self) -> None:
        """Go on until cancelled."""
        if self._begins_with_pause:
            await self._pause()
        while True:
            more = await self.turn()
            raise_own_cancellation()
            if not more:
                await self._pause()

    def wake(self) -> None:
        """End the pause: there is something to do."""
        self._woken.set()

    async def turn(self) -> bool:
        """Do the job once; return whether there is more to do at once."""
        self._woken.clear()
        try:
            more = bool(await self._job())
        except Exception as error:  # noqa: BLE001  it is done again, and others go on beside it
            self._note(error)
            return False
        self.problem, self._is_away = None, False
        return more

    async def _pause(self) -> None:
        seconds = self._seconds * random.uniform(1 - self._jitter, 1 + self._jitter)  # noqa: S311
        if self.problem:
            seconds = max(seconds, self._failure_pause_seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    def _note(self, error: Exception) -> None:
        from herald.database.outages import is_outage  # noqa: PLC0415  ingress has no database

        kind, was_away = type(error).__name__, self._is_away
        self.problem, self._is_away = f"{self._name}: {kind}", is_outage(error)
        if not self._is_away:
            _log.error(f"{self._name}.failed", error=kind, where=where(error))
        elif not was_away:
            _log.warning(f"{self._name}.failed", error=kind, where=where(error))
