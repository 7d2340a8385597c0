"""How late the event loop is: what blocks it delays every message of the process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Gauge, Histogram

INTERVAL_SECONDS = 0.25

LAG_SECONDS = Histogram(
    "herald_loop_lag_seconds",
    "How much later than asked the event loop woke a sleeper, four times a second",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
LATEST_LAG_SECONDS = Gauge("herald_loop_lag_latest_seconds", "The last of these measurements")


@asynccontextmanager
async def loop_lag_measured() -> AsyncIterator[None]:
    """Measure for the time of a `with` block."""
    task = asyncio.create_task(_measure(), name="loop-lag")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _measure() -> None:
    loop = asyncio.get_running_loop()
    while True:
        asked = loop.time() + INTERVAL_SECONDS
        await asyncio.sleep(INTERVAL_SECONDS)
        lag = max(0.0, loop.time() - asked)
        LAG_SECONDS.observe(lag)
        LATEST_LAG_SECONDS.set(lag)
