"""What the bus kit costs this process: `python -m bench.bus_steps`, as one JSON object.

Processor time in µs a message: published in groups and confirmed; received in batches, handled by
nobody and acknowledged. The broker is a stand-in in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

import uvloop
from faststream.rabbit import RabbitQueue
from prometheus_client import CollectorRegistry

from bench.recorded import BODY
from herald.bus.connections import Connections
from herald.bus.deliveries import Delivery
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.bus.subscribers import subscribe_batches

GROUPS = (1, 8, 32, 200)
MESSAGES = 4000  # of a round
ROUNDS = 7
BATCHES = (1, 32, 200)


def main() -> None:
    """Measure and print."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"amqp://guest:guest@127.0.0.1:{listening.getsockname()[1]}/"
        number = listening.fileno()
        command = [sys.executable, "-m", "bench.stand_in_broker", str(number)]
        with subprocess.Popen(command, pass_fds=[number]) as broker:
            found = {
                "published_in_groups_of": {
                    size: uvloop.run(_publishing(url, size)) for size in GROUPS
                },
                "received_in_batches_of": {
                    size: uvloop.run(_receiving(url, size)) for size in BATCHES
                },
            }
            broker.terminate()
    print(json.dumps(found))  # noqa: T201  the result


async def _publishing(url: str, size: int) -> float:
    connections = await _connected(url)
    messages = [_message(number) for number in range(size)]
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(max(1, MESSAGES // size)):
            await _published(connections.publisher, messages)
        rounds.append((time.process_time() - began) / (max(1, MESSAGES // size) * size))
    await connections.stop()
    return round(median(rounds) * 1e6, 1)


async def _published(publisher: Publisher, messages: Sequence[OutgoingMessage]) -> None:
    if await publisher.publish_many(messages) != [None] * len(messages):
        raise RuntimeError("not confirmed")


async def _receiving(url: str, size: int) -> float:
    """Let `size` messages be delivered, over and over."""
    connections = await _connected(url, start=False)
    received, began = 0, 0.0
    rounds: list[float] = []
    done = asyncio.Event()

    async def handle(deliveries: Sequence[Delivery]) -> None:
        nonlocal received, began
        received += len(deliveries)
        if received >= MESSAGES:
            now = time.process_time()
            rounds.append((now - began) / received)
            received, began = 0, now
        if len(rounds) > ROUNDS:
            done.set()

    subscribe_batches(
        connections.consuming,
        RabbitQueue("queue"),
        handle,
        prefetch=size,
        largest=len(BODY),
        max_batch=200,
        payload_models=[],
        title="",
        description="",
        registry=CollectorRegistry(),
    )
    await connections.start()
    await done.wait()
    await connections.stop()
    return round(median(rounds[1:]) * 1e6, 1)


async def _connected(url: str, *, start: bool = True) -> Connections:
    connections = Connections(
        url, app_id="bench", registry=CollectorRegistry(), graceful_timeout_seconds=0.1
    )
    if start:
        await connections.start()
        while connections.problem is not None:  # noqa: ASYNC110  once a connection
            await asyncio.sleep(0.01)
    return connections


def _message(number: int) -> OutgoingMessage:
    return OutgoingMessage(
        exchange="herald.commands",
        routing_key="message.send",
        body=BODY,
        message_id=f"0197a3de-5b1c-7c2e-9d7a-{number:012}",
        type="send_message",
        correlation_id="0197a3de-5b1c-7c2e-9d7a-0242ac120002",
    )


if __name__ == "__main__":
    main()
