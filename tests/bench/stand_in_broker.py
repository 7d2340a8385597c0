"""A broker that keeps nothing: `python -m bench.stand_in_broker SOCKET`.

It confirms whatever is published as soon as it is read, and delivers one recorded message again and
again: as many as a consumer's prefetch, and as many more as were acknowledged.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from struct import Struct
from typing import Any

import pamqp.frame
from pamqp.body import ContentBody
from pamqp.commands import Basic, Channel, Confirm, Connection, Queue
from pamqp.header import ContentHeader

from bench.recorded import BODY, PROPERTIES

_FRAME = Struct(">BHI")
_PUBLISH, _ACK = 60 << 16 | 40, 60 << 16 | 80
_ANSWERS: dict[str, Any] = {
    "Connection.StartOk": Connection.Tune(0, 131_072, 0),
    "Connection.Open": Connection.OpenOk(),
    "Connection.Close": Connection.CloseOk(),
    "Channel.Open": Channel.OpenOk(),
    "Channel.Close": Channel.CloseOk(),
    "Confirm.Select": Confirm.SelectOk(),
    "Queue.Declare": Queue.DeclareOk("queue", 0, 0),
    "Basic.Qos": Basic.QosOk(),
    "Basic.Consume": Basic.ConsumeOk("tag"),
    "Basic.Cancel": Basic.CancelOk("tag"),
}


class StandIn(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._left = b""
        self._published: dict[int, int] = {}  # how many, by channel
        self._delivered = self._acknowledged = self._prefetch = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data, at = self._left + data, 0
        if data.startswith(b"AMQP"):
            capabilities: Any = {"publisher_confirms": True, "basic.nack": True}
            self._send(0, Connection.Start(0, 9, {"capabilities": capabilities}))
            at = 8
        confirmed: dict[int, int] = {}
        while len(data) - at >= _FRAME.size:
            kind, channel, size = _FRAME.unpack_from(data, at)
            if len(data) < (end := at + _FRAME.size + size + 1):
                break
            if kind == 1:
                self._method(channel, data[at:end], confirmed)
            at = end
        self._left = data[at:]
        for channel, tag in confirmed.items():
            self._send(channel, Basic.Ack(tag, True))

    def _method(self, channel: int, frame: bytes, confirmed: dict[int, int]) -> None:
        method = int.from_bytes(frame[7:11], "big")
        if method == _PUBLISH:
            confirmed[channel] = self._published[channel] = self._published.get(channel, 0) + 1
        elif method == _ACK:
            tag = int.from_bytes(frame[11:19], "big")
            self._acknowledged = max(self._acknowledged, tag)
            self._deliver(channel)
        else:
            self._answer(channel, pamqp.frame.unmarshal(frame)[2])

    def _answer(self, channel: int, asked: Any) -> None:
        if isinstance(asked, Basic.Qos):
            self._prefetch = asked.prefetch_count
        if asked.name in _ANSWERS:
            self._send(channel, _ANSWERS[asked.name])
        if isinstance(asked, Basic.Consume):
            self._deliver(channel)

    def _deliver(self, channel: int) -> None:
        frames: list[Any] = []
        while self._delivered < self._acknowledged + self._prefetch:
            self._delivered += 1
            method = Basic.Deliver("tag", self._delivered, False, "herald.commands", "message.send")
            header = ContentHeader(body_size=len(BODY), properties=PROPERTIES)
            frames += method, header, ContentBody(BODY)
        self._send(channel, *frames)

    def _send(self, channel: int, *frames: Any) -> None:
        self._transport.write(b"".join(pamqp.frame.marshal(frame, channel) for frame in frames))


async def main() -> None:
    """Serve until the process is ended."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    server = await asyncio.get_running_loop().create_server(StandIn, sock=listening)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
