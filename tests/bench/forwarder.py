"""`python -m bench.forwarder AMQP_URL FROM TO`: passes on what comes in a queue, unread.

What a router can't be cheaper than: taken in batches, published with confirms, then acknowledged,
by the same parts of the bus.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from uuid import uuid4

import uvloop

from herald.bus.connections import Connections
from herald.bus.deliveries import Delivery
from herald.bus.entities import existing_queue
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.subscribers import subscribe_batches
from router.consumers import MAX_BATCH, PREFETCH

_TIMEOUT_SECONDS = 30


async def forward(amqp_url: str, source: str, target: str) -> None:
    """Forward until the process ends."""
    connections = Connections(amqp_url, app_id="bench-forwarder")

    async def pass_on(deliveries: Sequence[Delivery]) -> None:
        messages = [
            OutgoingMessage(
                exchange="",
                routing_key=target,
                body=delivery.body,
                message_id=str(uuid4()),
                type="",
            )
            for delivery in deliveries
        ]
        problems = await connections.publisher.publish_many(messages, _TIMEOUT_SECONDS)
        if any(problems):
            raise RuntimeError(f"not passed on: {next(filter(None, problems))}")

    subscribe_batches(
        connections.consuming,
        existing_queue(source),
        pass_on,
        prefetch=PREFETCH,
        max_batch=MAX_BATCH,
        payload_models=(),
        title=source,
        description="Messages to be passed on.",
    )
    await connections.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(forward(*sys.argv[1:4]))
