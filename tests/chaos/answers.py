"""When commands were answered, by the clock of whoever waits for the answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractRobustConnection

from chaos.fleet import Fleet

QUEUE = "events.chaos.answers"


@contextmanager
def answer_times(fleet: Fleet) -> Iterator[dict[str, float]]:
    """Give a table, filled from now on: when each message's command was first answered (epoch)."""
    times: dict[str, float] = {}

    async def note(message: AbstractIncomingMessage) -> None:
        times.setdefault(json.loads(message.body)["subject"], time.time())

    async def listen() -> AbstractRobustConnection:
        connection = await aio_pika.connect_robust(fleet.stack.amqp_url)
        channel = await connection.channel()
        queue = await channel.declare_queue(QUEUE, exclusive=True)
        await queue.bind("herald.events", "command.#")
        await queue.consume(note, no_ack=True)
        return connection

    connection = fleet.network.run(listen())
    try:
        yield times
    finally:
        fleet.network.run(connection.close())
