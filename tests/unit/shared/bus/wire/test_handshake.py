"""The frames of a handshake, however they arrive."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pamqp.frame
from pamqp.commands import Connection

from herald.bus.wire.connecting import Wire


class Transport:
    """What a wire asks of its transport."""

    def set_write_buffer_limits(self, high: int) -> None: ...

    def get_extra_info(self, _name: str) -> None: ...

    def is_closing(self) -> bool:
        return False


async def test_a_frame_of_the_handshake_that_is_cut_is_no_heartbeat() -> None:
    """Nothing but the broker's own first frame is what aiormq takes for it."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    wire = Wire(reader, loop)
    wire.connection_made(cast("Any", Transport()))
    frame = pamqp.frame.marshal(Connection.Start(server_properties={"product": "RabbitMQ"}), 0)
    wire.data_received(frame[:20])
    wire.data_received(frame[20:])
    wire.eof_received()
    assert await reader.read() == frame
