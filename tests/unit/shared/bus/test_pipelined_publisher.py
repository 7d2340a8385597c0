"""How long a publish waits for its confirms."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from herald.bus.channels import ConfirmingChannel
from herald.bus.errors import PublishError, TimedOutError, UnavailableError
from herald.bus.pipelined_publisher import Encoded, publish_batch
from herald.bus.wire.confirms import ConfirmBook

MESSAGES = 5


class Broker:
    """A channel whose far end confirms one message after each pause."""

    def __init__(self, pauses: list[float]) -> None:
        self.confirms = ConfirmBook()
        self._pauses = pauses
        self.room: asyncio.Event | None = None  # to be waited for before anything is written
        self.confirming: asyncio.Task[None] | None = None

    @property
    def is_free(self) -> bool:
        return self.room is None

    def write_now(self, _frames: bytes) -> None:
        self.confirming = asyncio.create_task(self._confirm())

    async def write(self, frames: bytes) -> None:
        if self.room is not None:
            await self.room.wait()
        if self.confirms.closed_because is not None:
            raise ConnectionResetError("the channel is closed")
        self.write_now(frames)

    async def _confirm(self) -> None:
        for tag, pause in enumerate(self._pauses, 1):
            await asyncio.sleep(pause)
            self.confirms.settle(tag, multiple=False, acked=True)


async def publish(pauses: list[float], renewal: float | None) -> list[PublishError | None]:
    """Publish with a deadline in 0.2 s."""
    broker = Broker(pauses)
    try:
        return await publish_on(broker, renewal)
    finally:
        assert broker.confirming is not None
        broker.confirming.cancel()


async def publish_on(broker: Broker, renewal: float | None = None) -> list[PublishError | None]:
    channel = cast("ConfirmingChannel", broker)
    batch = [Encoded(str(number), b"") for number in range(MESSAGES)]
    deadline = asyncio.get_running_loop().time() + 0.2
    return await publish_batch(channel, batch, deadline, renewal)


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


async def test_what_has_to_wait_for_room_is_published() -> None:
    """A connection that takes bytes later gets them then."""
    broker = Broker([0.0] * MESSAGES)
    broker.room = asyncio.Event()
    publishing = asyncio.create_task(publish_on(broker))
    await asyncio.sleep(0)
    assert broker.confirming is None
    broker.room.set()
    assert await publishing == [None] * MESSAGES


async def test_a_connection_that_takes_no_bytes_has_its_time() -> None:
    """Nothing of it was written, so its tags are the next one's."""
    broker = Broker([])
    broker.room = asyncio.Event()
    results = await publish_on(broker)
    assert {type(result) for result in results} == {TimedOutError}
    assert broker.confirms.expect(["next"]).first == 1


async def test_writes_keep_their_turn() -> None:
    """One that comes while another one waits for room is written after it."""
    broker = Broker([0.0] * 2 * MESSAGES)
    async with broker.confirms.lock:
        publishing = asyncio.create_task(publish_on(broker))
        await asyncio.sleep(0)
        assert broker.confirming is None
    assert await publishing == [None] * MESSAGES


async def test_a_closed_channel_is_not_written_on() -> None:
    """Why it closed is said of each message."""
    broker = Broker([])
    broker.confirms.lose("gone")
    results = await publish_on(broker)
    assert all(isinstance(result, UnavailableError) for result in results)
    assert broker.confirming is None


@pytest.mark.parametrize("gets_room", [True, False])
async def test_a_channel_that_closes_while_it_is_waited_for_is_not_written_on(
    gets_room: bool,
) -> None:
    """Whether room comes later or none in time, each message has its failure."""
    broker = Broker([])
    broker.room = asyncio.Event()
    publishing = asyncio.create_task(publish_on(broker))
    await asyncio.sleep(0)
    broker.confirms.lose("404 NOT_FOUND")
    if gets_room:
        broker.room.set()
    results = await publishing
    assert {type(result) for result in results} == {
        UnavailableError if gets_room else TimedOutError
    }
    assert not gets_room or all("404 NOT_FOUND" in str(result) for result in results)
    assert broker.confirming is None


async def test_who_waits_for_room_on_a_closed_channel_can_be_cancelled() -> None:
    """The caller's own cancellation is what it gets."""
    broker = Broker([])
    broker.room = asyncio.Event()
    publishing = asyncio.create_task(publish_on(broker))
    await asyncio.sleep(0)
    broker.confirms.lose("gone")
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing


class SlowBroker:
    """Takes one write, and has room for the next when it has confirmed that in eight steps."""

    def __init__(self) -> None:
        self.confirms = ConfirmBook()
        self.is_free = True
        self.confirming: list[asyncio.Task[None]] = []
        self._room = asyncio.Event()
        self._tag = 0

    def write_now(self, _frames: bytes) -> None:
        self.is_free = False
        self.confirming.append(asyncio.create_task(self._confirm()))

    async def write(self, frames: bytes) -> None:
        await self._room.wait()
        self.write_now(frames)

    async def _confirm(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0.05)
            self._tag += 8
            self.confirms.settle(self._tag, multiple=True, acked=True)
        self._room.set()


@pytest.mark.parametrize(("renewal", "confirmed"), [(0.2, 128), (None, 24)])
async def test_confirms_give_what_is_not_written_more_time_too(
    renewal: float | None, confirmed: int
) -> None:
    """A broker that is slow and at work is not one that takes nothing."""
    channel = cast("ConfirmingChannel", SlowBroker())
    batch = [Encoded(str(number), b"") for number in range(128)]
    deadline = asyncio.get_running_loop().time() + 0.2
    results = await publish_batch(channel, batch, deadline, renewal)
    assert results.count(None) == pytest.approx(confirmed, abs=8 if renewal is None else 0)
