"""What Herald writes on a channel itself, beside what aiormq writes on the same connection."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import aiormq
import pamqp.frame
import pytest
from pamqp.commands import Channel

from herald.bus.channels import WiredChannel
from herald.bus.deliveries import ReceivingChannel, Settlement
from herald.bus.wire.connecting import Wire
from herald.bus.wire.receiving import ChannelReader
from herald.bus.wire.writing import ack_frame


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closing = False

    def set_write_buffer_limits(self, high: int) -> None: ...

    def get_extra_info(self, _name: str) -> None: ...

    def is_closing(self) -> bool:
        return self.closing

    def write(self, frames: bytes) -> None:
        self.sent.append(frames)


class Line:
    """A channel, and both ends of what is under it."""

    number = 1
    is_closed = False

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.wire = Wire(asyncio.StreamReader(loop=loop), loop)
        self.transport = Transport()
        self.wire.connection_made(cast("Any", self.transport))
        self.write_queue: asyncio.Queue[Any] = asyncio.Queue()  # of aiormq
        self.channel = WiredChannel(cast("aiormq.Channel", self), self.wire)


async def test_frames_are_written_at_once() -> None:
    """Without aiormq's queue, where nothing is in it."""
    line = Line()
    assert line.channel.is_free
    line.channel.write_now(b"frames")
    assert line.transport.sent == [b"frames"]


async def test_what_aiormq_has_queued_goes_first() -> None:
    """So nothing overtakes a close of a channel."""
    line = Line()
    line.write_queue.put_nowait("a close")
    assert not line.channel.is_free
    await line.channel.write(b"frames")
    assert line.transport.sent == []
    assert line.write_queue.get_nowait() == "a close"
    assert line.write_queue.get_nowait().payload == b"frames"


async def test_writers_wait_while_the_broker_reads_nothing() -> None:
    """What is not sent does not grow without a bound."""
    line = Line()
    line.wire.pause_writing()
    assert not line.channel.is_free
    writing = asyncio.create_task(line.channel.write(b"frames"))
    await asyncio.sleep(0)
    assert line.transport.sent == []
    line.wire.resume_writing()
    await writing
    assert line.transport.sent == [b"frames"]


async def test_a_closed_connection_is_not_written_on() -> None:
    """It is an error for whoever writes, and for whoever waited for room."""
    line = Line()
    line.wire.pause_writing()
    waiting = asyncio.create_task(line.channel.write(b"frames"))
    await asyncio.sleep(0)
    line.transport.closing = True
    line.wire.connection_lost(None)
    with pytest.raises(ConnectionResetError):
        await waiting
    with pytest.raises(ConnectionResetError):
        line.channel.write_now(b"frames")
    assert not await ReceivingChannel(line.channel).write([Settlement(1)])


async def test_a_channel_that_the_broker_closed_is_not_written_on() -> None:
    """From the moment its close is read: aiormq's answer ends the channel before it says so."""
    line = Line()
    receiving = ReceivingChannel(line.channel)
    line.wire.take(line.number, ChannelReader(closed=line.channel.broker_closed))
    line.wire.pause_writing()
    publishing = asyncio.create_task(line.channel.write(b"frames"))
    settling = asyncio.create_task(receiving.write([Settlement(1)]))
    await asyncio.sleep(0)
    line.wire.data_received(pamqp.frame.marshal(Channel.Close(404, "gone", 60, 40), line.number))
    assert line.channel.is_closed
    line.wire.resume_writing()
    with pytest.raises(ConnectionResetError):
        await publishing
    assert not await settling
    assert not await receiving.write([Settlement(2)])
    assert line.transport.sent == []


async def test_settlements_keep_their_order() -> None:
    """An acknowledgement of all up to a tag closes the channel when it comes after a later one."""
    line = Line()
    receiving = ReceivingChannel(line.channel)
    line.wire.pause_writing()
    writing = [asyncio.create_task(receiving.write([Settlement(tag)])) for tag in (1, 2)]
    await asyncio.sleep(0)
    line.wire.resume_writing()
    assert await receiving.write([Settlement(3)])
    assert all(await asyncio.gather(*writing))
    assert line.transport.sent == [ack_frame(1, tag) for tag in (1, 2, 3)]
