"""When the recorder ends."""

from __future__ import annotations

import asyncio
from typing import cast
from unittest.mock import create_autospec

import pytest

from herald.bus.publishing import Publisher
from herald.channel.recorder import Recorder
from herald.database.pool import Database


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_ends_it_whenever_it_comes(turns: int) -> None:
    """Also in the turn of the event loop in which work arrives."""
    publisher = create_autospec(Publisher, instance=True)
    publisher.publish_many.return_value = []
    recorder = Recorder("sms", cast("Database", None), publisher)
    running = asyncio.create_task(recorder.run())
    await asyncio.sleep(0.01)
    recorder._arrived.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=0.5)
    assert running.done()
