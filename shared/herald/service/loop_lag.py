"""How late the event loop is: what blocks it delays every message of the process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from herald.contracts.metrics import service as definitions
from herald.service.instruments import gauge, histogram

INTERVAL_SECONDS = 0.25

LAG_SECONDS = histogram(definitions.LOOP_LAG_SECONDS)
LATEST_LAG_SECONDS = gauge(definitions.LOOP_LAG_LATEST_SECONDS)


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
