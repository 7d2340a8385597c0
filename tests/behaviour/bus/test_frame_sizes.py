"""Brokers that offer other sizes of frames than RabbitMQ does by default."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from behaviour.bus.rabbit import until
from behaviour.bus.small_broker import SmallBroker, serving
from herald.bus.connections import Connections
from herald.bus.outgoing_messages import OutgoingMessage


@pytest.mark.parametrize(
    ("offered", "agreed"), [(0, 131_072), (131_072, 131_072), (8192, 8192), (4_194_304, 131_072)]
)
async def test_frames_are_as_large_as_both_ends_take(
    offered: int, agreed: int, registry: CollectorRegistry
) -> None:
    """No limit and one above ours become ours; with each, large bodies are published."""
    broker = SmallBroker(offered)
    async with serving(broker) as url:
        service = Connections(url, app_id="frames", registry=registry)
        await service.start()
        try:
            await until(lambda: service.is_connected)
            message = OutgoingMessage("herald.commands", "key", b"x" * 300_000, "id-1", "test")
            assert await service.publisher.publish_many([message]) == [None]
        finally:
            await service.stop()
    assert set(broker.agreed) == {agreed}
