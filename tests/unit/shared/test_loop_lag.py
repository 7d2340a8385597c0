"""The loop's lag is measured."""

from __future__ import annotations

import asyncio
import time

from herald.service.loop_lag import INTERVAL_SECONDS, LATEST_LAG_SECONDS, loop_lag_measured


async def test_a_blocked_loop_shows() -> None:
    """What holds the loop for a while is seen in the next measurement."""
    async with loop_lag_measured():
        await asyncio.sleep(INTERVAL_SECONDS / 2)
        time.sleep(INTERVAL_SECONDS)  # noqa: ASYNC251  the fault under test
        await asyncio.sleep(0.05)
        assert LATEST_LAG_SECONDS._value.get() > INTERVAL_SECONDS / 4
