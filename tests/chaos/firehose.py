"""Every delivery the broker makes, seen through its own tracer (the firehose).

It shows what no service does: how often a message was delivered before (`x-delivery-count`), which
the broker counts towards the limit at which it gives the message up. Copies lost: the tracer is off
when a broker starts, so the first moments after a broker's restart are not seen, and copies that
wait while it is killed are gone. Counts only grow, though: what burns deliveries shows later too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from herald_local.stack import Stack
from herald_local.web import call

EXCHANGE = "amq.rabbitmq.trace"
QUEUE = "chaos.deliveries"
EVENTS_QUEUE = "events.chaos"
IDLE_SECONDS = 1.0
READ_AHEAD = 500


def trace(stack: Stack) -> None:
    """Have the broker copy every delivery, from now until it restarts."""
    url = f"{stack.servers.management_url}/api/vhosts/%2F"
    answer = call("PUT", url, json.dumps({"tracing": True}).encode())
    assert answer.status in {201, 204}, f"tracing: {answer.status}"


async def listen(stack: Stack) -> None:
    """Make the queues that keep public events and copies of deliveries until they are read."""
    async with await aio_pika.connect(stack.servers.amqp_url) as connection:
        channel = await connection.channel()
        # classic: killed moments after making a quorum queue, RabbitMQ 3.10 never elects its leader
        events = await channel.declare_queue(EVENTS_QUEUE, durable=True)
        for key in ("command.#", "message.#"):
            await events.bind("herald.events", key)
        deliveries = await channel.declare_queue(QUEUE, durable=True)
        for key in ("deliver.router.#", "deliver.outbound.#"):
            await deliveries.bind(EXCHANGE, key)


async def heard_events(stack: Stack) -> list[dict[str, Any]]:
    """Take all public events since the last time."""
    async with await aio_pika.connect(stack.servers.amqp_url) as connection:
        channel = await connection.channel()
        return [json.loads(message.body) async for message in _drained(channel, EVENTS_QUEUE)]


async def seen_deliveries(stack: Stack) -> Counter[tuple[str, int]]:
    """Count deliveries since the last time by queue and by how many came before."""
    async with await aio_pika.connect(stack.servers.amqp_url) as connection:
        channel = await connection.channel()
        return Counter([_seen(message) async for message in _drained(channel, QUEUE)])


async def _drained(channel: AbstractChannel, name: str) -> AsyncIterator[AbstractIncomingMessage]:
    """Take what waits now; the routers' pulses go on for ever."""
    queue = await channel.get_queue(name)
    left = queue.declaration_result.message_count or 0
    if not left:
        return
    await channel.set_qos(prefetch_count=READ_AHEAD)
    # acknowledged one by one: what came meanwhile and is not taken goes back to the queue
    async with queue.iterator(timeout=IDLE_SECONDS) as messages:
        try:
            async for message in messages:
                await message.ack()
                yield message
                left -= 1
                if not left:
                    return
        except TimeoutError:
            return


def _seen(message: AbstractIncomingMessage) -> tuple[str, int]:
    properties: Any = message.headers["properties"]  # of the message that was delivered
    before = properties.get("headers", {}).get("x-delivery-count", 0)
    return (message.routing_key or "").removeprefix("deliver."), int(before)
