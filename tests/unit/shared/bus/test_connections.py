"""How a service's connections begin."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from herald.bus.connections import Connections

NOBODY = "amqp://127.0.0.1:1/"


async def test_connections_are_made_at_once() -> None:
    """None waits for another to be up: each has been tried while none is."""
    connections = Connections(NOBODY, app_id="test", events=True, registry=CollectorRegistry())
    await connections.start()
    try:
        async with asyncio.timeout(5):
            while not all(broker.keeper.failure for _, broker in connections.brokers):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await connections.stop()
    assert len(connections.brokers) == 3
