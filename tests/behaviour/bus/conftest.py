"""What the tests of the bus kit share: a broker seen from outside, and a queue of their own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from behaviour.bus.collecting import Payload, Subscribe
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.batches import Handler
from herald.bus.connections import Connections
from herald.bus.declaration import apply
from herald.bus.entities import existing_queue
from herald.bus.subscribers import BatchSubscriber, subscribe_batches
from herald.contracts.topology import topology_for


@pytest.fixture
def rabbit(amqp_url: str, management_url: str, vhost: str) -> Rabbit:
    """Give the module's virtual host."""
    return Rabbit(amqp_url, management_url, vhost)


@pytest_asyncio.fixture
async def work(rabbit: Rabbit) -> WorkQueue:
    """Give a queue that no other test uses, on a broker with the whole topology."""
    queue = WorkQueue(f"c{uuid.uuid4().hex[:12]}")
    await apply(rabbit.amqp_url, topology_for([queue.channel]))
    return queue


@pytest.fixture
def registry() -> CollectorRegistry:
    """Give a registry of the test's own."""
    return CollectorRegistry()


@pytest_asyncio.fixture
async def connections(rabbit: Rabbit, registry: CollectorRegistry) -> AsyncIterator[Connections]:
    """Give a service's connections, not started; they are stopped afterwards."""
    service = Connections(
        rabbit.amqp_url,
        app_id=f"test-{uuid.uuid4().hex[:8]}",
        graceful_timeout_seconds=5,
        registry=registry,
    )
    yield service
    await service.stop()


@pytest.fixture
def subscribe(connections: Connections, work: WorkQueue, registry: CollectorRegistry) -> Subscribe:
    """Give a function that subscribes a handler to the test's queue and starts the service."""

    async def start(
        handler: Handler, *, prefetch: int = 50, max_batch: int = 10, **options: Any
    ) -> BatchSubscriber:
        subscriber = subscribe_batches(
            connections.consuming,
            existing_queue(work.queue, work.key),
            handler,
            prefetch=prefetch,
            max_batch=max_batch,
            payload_models=[Payload],
            title=work.queue,
            description="A test's queue.",
            registry=registry,
            **options,
        )
        await connections.start()
        await until(lambda: connections.is_connected)
        return subscriber

    return start
