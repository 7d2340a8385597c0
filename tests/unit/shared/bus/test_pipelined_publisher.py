"""How long a publish waits for its confirms."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import aiormq
import pytest

from herald.bus.channels import ConfirmingChannel
from herald.bus.errors import PublishError, TimedOutError
from herald.bus.pipelined_publisher import Encoded, publish_batch
from herald.bus.wire.confirms import ConfirmBook

MESSAGES = 5


class Broker:
    """The far end of an AMQP channel: confirms one message after each pause."""

    def __init__(self, pauses: list[float]) -> None:
        self.confirms = ConfirmBook()
        self.write_queue = self
        self._pauses = pauses
        self.confirming: asyncio.Task[None] | None = None

    async def put(self, _frame: Any) -> None:
        self.confirming = asyncio.create_task(self._confirm())

    async def _confirm(self) -> None:
        for tag, pause in enumerate(self._pauses, 1):
            await asyncio.sleep(pause)
            self.confirms.settle(tag, multiple=False, acked=True)


async def publish(pauses: list[float], renewal: float | None) -> list[PublishError | None]:
    """Publish with a deadline in 0.2 s."""
    broker = Broker(pauses)
    channel = ConfirmingChannel(cast("aiormq.Channel", broker), broker.confirms)
    batch = [Encoded(str(number), b"") for number in range(MESSAGES)]
    deadline = asyncio.get_running_loop().time() + 0.2
    try:
        return await publish_batch(channel, batch, deadline, renewal)
    finally:
        assert broker.confirming is not None
        broker.confirming.cancel()


async def test_each_confirm_renews_the_time() -> None:
    """A broker that is slow, but goes on, is waited for."""
    assert await publish([0.1] * MESSAGES, renewal=0.2) == [None] * MESSAGES


@pytest.mark.parametrize(
    ("pauses", "renewal"), [([0.1] * MESSAGES, None), ([0.0, 0.0, 60.0], 0.2), ([60.0], 0.2)]
)
async def test_what_is_not_confirmed_in_time_is_timed_out(
    pauses: list[float], renewal: float | None
) -> None:
    """Without renewal the time is for all; with it, a broker that stops is not waited for."""
    async with asyncio.timeout(5):
        results = await publish(pauses, renewal)
    assert isinstance(results[-1], TimedOutError)
