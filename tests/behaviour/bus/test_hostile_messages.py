"""Messages with properties that nobody should send, on a real broker."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence

import aiormq
import pamqp.frame
import pytest
from aiormq.abc import ChannelFrame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.connections import Connections
from herald.bus.deliveries import Delivery
from herald.bus.entities import existing_queue
from herald.bus.subscribers import subscribe_batches

_TIMESTAMP, _MESSAGE_ID, _HEADERS = 1 << 6, 1 << 7, 1 << 13


def _table(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


HOSTILE = {
    "timestamp in microseconds": (_TIMESTAMP, struct.pack(">Q", 1_760_000_000_000_000)),
    "timestamp at its end": (_TIMESTAMP, struct.pack(">Q", 2**63 - 1)),
    "id that is not text": (_MESSAGE_ID, b"\x03\xff\xfe\xfd"),
    "header that is not text": (_HEADERS, _table(b"\x02\xff\xfeS" + _table(b"x"))),
    "header with a mad timestamp": (_HEADERS, _table(b"\x01aT" + struct.pack(">Q", 2**62))),
}


def _publish(number: int, queue: str, flags: int, properties: bytes, body: bytes) -> bytes:
    content = struct.pack(">HxxQH", 60, len(body), flags) + properties
    return b"".join(
        (
            pamqp.frame.marshal(Basic.Publish(exchange="", routing_key=queue), number),
            struct.pack(">BHI", 2, number, len(content)) + content + b"\xce",
            pamqp.frame.marshal(ContentBody(body), number),
        )
    )


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_properties_cost_nobody_a_delivery(
    connections: Connections,
    rabbit: Rabbit,
    work: WorkQueue,
    registry: CollectorRegistry,
    name: str,
) -> None:
    """A message nobody should send arrives like any other and loses no connection."""
    got: list[Delivery] = []

    async def take(batch: Sequence[Delivery]) -> None:
        got.extend(batch)

    subscriber = subscribe_batches(
        connections.consuming,
        existing_queue(work.queue),
        take,
        prefetch=10,
        max_batch=10,
        payload_models=[BaseModel],
        title="t",
        description="d",
        registry=registry,
    )
    await connections.start()
    await until(lambda: connections.is_connected)
    flags, properties = HOSTILE[name]
    connection = await aiormq.connect(rabbit.amqp_url)
    channel = await connection.channel(publisher_confirms=False)
    for body, (f, p) in {"hostile": (flags, properties), "innocent": (0, b"")}.items():
        payload = _publish(channel.number, work.queue, f, p, body.encode())
        await channel.connection.write_queue.put(ChannelFrame(payload=payload, should_close=False))
    await until(lambda: len(got) == 2)
    await asyncio.sleep(0.1)
    assert [(d.body, d.redelivered) for d in got] == [(b"hostile", False), (b"innocent", False)]
    assert subscriber.healthy
    await connection.close()
