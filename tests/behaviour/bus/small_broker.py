"""A broker small enough to do what RabbitMQ seldom does: other sizes of frames, a close at will."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pamqp.frame
from pamqp.base import Frame
from pamqp.commands import Basic, Channel, Confirm, Connection

_ANSWERS: dict[str, Callable[[], Any]] = {
    "Connection.Open": Connection.OpenOk,
    "Connection.Close": Connection.CloseOk,
    "Channel.Open": Channel.OpenOk,
    "Channel.Close": Channel.CloseOk,
    "Confirm.Select": Confirm.SelectOk,
}
_AROUND = 7, 1  # bytes of a frame before and after its payload


class SmallBroker:
    """Confirms every publish; `closes_at`: closes the channel in place of the confirm of this one.

    What comes on a channel between such a close and its answer is dropped, as RabbitMQ does; what
    comes after the answer ends the connection there, and is kept in `late` here.
    """

    def __init__(self, frame_max: int = 131_072, closes_at: int | None = None) -> None:
        self.agreed: list[int] = []  # the sizes of frames that connections answered with
        self.published = 0
        self.late: list[str] = []
        self._frame_max = frame_max
        self._closes_at = closes_at
        self._state: dict[int, str] = {}  # by channel
        self._tags: dict[int, int] = {}

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readexactly(len(b"AMQP0091"))
            capabilities: Any = {"publisher_confirms": True, "basic.nack": True}
            self._send(writer, 0, Connection.Start(0, 9, {"capabilities": capabilities}))
            while True:
                before = await reader.readexactly(_AROUND[0])
                size = int.from_bytes(before[3:], "big")
                rest = await reader.readexactly(size + _AROUND[1])
                _, channel, frame = pamqp.frame.unmarshal(before + rest)
                if isinstance(frame, Frame):
                    self._take(writer, channel, frame)
        writer.close()

    def _take(self, writer: asyncio.StreamWriter, channel: int, asked: Any) -> None:
        if isinstance(asked, Connection.StartOk):
            self._send(writer, 0, Connection.Tune(2047, self._frame_max, 10))
        elif isinstance(asked, Connection.TuneOk):
            self.agreed.append(asked.frame_max or 0)
        elif isinstance(asked, Channel.CloseOk):
            self._state[channel] = "closed"
        elif self._state.get(channel, "open") == "open" or isinstance(asked, Channel.Open):
            self._answer(writer, channel, asked)
        elif self._state[channel] == "closed":
            self.late.append(asked.name)

    def _answer(self, writer: asyncio.StreamWriter, channel: int, asked: Any) -> None:
        if isinstance(asked, Channel.Open):
            self._state[channel], self._tags[channel] = "open", 0
        if asked.name in _ANSWERS:
            self._send(writer, channel, _ANSWERS[asked.name]())
        if isinstance(asked, Basic.Publish):
            self.published += 1
            self._tags[channel] += 1
            if self.published == self._closes_at:
                self._state[channel] = "closing"
                self._send(writer, channel, Channel.Close(404, "NOT_FOUND - no exchange", 60, 40))
            else:
                self._send(writer, channel, Basic.Ack(self._tags[channel]))

    def _send(self, writer: asyncio.StreamWriter, channel: int, frame: Any) -> None:
        writer.write(pamqp.frame.marshal(frame, channel))


@asynccontextmanager
async def serving(broker: SmallBroker) -> AsyncIterator[str]:
    """Serve it on loopback; give its URL."""
    server = await asyncio.start_server(broker.accept, "127.0.0.1", 0)
    try:
        yield f"amqp://guest:guest@127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
