"""Warnings that anyone outside can cause: said once a minute, so that nobody can flood the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog

QUIET_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class RateLimitedLog:
    """Logs each kind of warning at most once a minute, with how often it was left out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[tuple[str, str], float] = {}
        self._left_out: dict[tuple[str, str], int] = {}

    def warning(self, event: str, *, about: str, **details: Any) -> None:
        """Log `event`; `about` (a closed set) keeps one trouble from hiding another."""
        now, key = self._clock(), (event, about)
        if now - self._last.get(key, float("-inf")) < QUIET_SECONDS:
            self._left_out[key] = self._left_out.get(key, 0) + 1
            return
        self._last[key] = now
        _log.warning(event, about=about, left_out=self._left_out.pop(key, 0), **details)
