"""The work of a service beside its requests and deliveries: started, watched, ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from herald.bus.batches import where

_log = structlog.get_logger(__name__)


class Background:
    """Runs one coroutine for as long as the service lives; its death is told, never unseen."""

    def __init__(self, name: str, run: Callable[[], Coroutine[None, None, None]]) -> None:
        self._name = name
        self._run = run
        self._task: asyncio.Task[None] | None = None

    @property
    def problem(self) -> str | None:
        """What is wrong, for readiness; a bug ended it, or it was not started yet."""
        if self._task is None or self._task.done():
            return f"{self._name} does not run: restart the service"
        return None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._watched(), name=self._name)

    async def stop(self) -> None:
        """End it, and wait until it has ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watched(self) -> None:
        try:
            await self._run()
        except Exception as error:  # noqa: BLE001  readiness tells; a bug must not go unseen
            _log.error(
                "background.died", work=self._name, error=type(error).__name__, where=where(error)
            )
