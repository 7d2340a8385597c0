"""Offering load: commands onto the broker as fast as it confirms them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import uuid4

import asyncpg

from behaviour.bus.rabbit import until
from bench.celery_form import app as celery_app
from herald.bus.connections import Connections
from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.topology import COMMANDS, SEND_KEYS
from herald.contracts.vocabulary import Lane
from herald_local.stack import Stack

PATIENCE_SECONDS = 180
POLL_SECONDS = 0.2
LOOK_SECONDS = 0.02
CHUNK = 1000
TEXT = "Your parcel is out for delivery and will be with you between 14:00 and 16:00 today. " * 5


def bodies(number: int, *, route: str = "sms", digits: str = "") -> list[dict[str, Any]]:
    """Make commands of about 700 bytes, each to its own recipient."""
    run = uuid4().hex[:8]
    return [
        {
            "idempotency_key": f"bench-{run}-{index}",
            "to": {"phone": _phone(index, digits)},
            "content": {"text": TEXT},
            "route": route,
            "metadata": {"run": run},
        }
        for index in range(number)
    ]


def _phone(index: int, digits: str) -> str:
    return f"+1555{index % 1000:03}{digits or f'9{index // 1000:03}'}"


def herald_message(body: dict[str, Any], lane: Lane = Lane.NORMAL) -> OutgoingMessage:
    """Make a command's message."""
    return OutgoingMessage(
        exchange=COMMANDS,
        routing_key=SEND_KEYS[lane],
        body=json.dumps(body).encode(),
        message_id=str(uuid4()),
        type="SendMessage",
    )


def celery_message(body: dict[str, Any]) -> OutgoingMessage:
    """Make the same command's message as Celery's own client would."""
    task_id = str(uuid4())
    message = celery_app.app.amqp.as_task_v2(task_id, "celery_form.send", args=(body,), kwargs={})
    return OutgoingMessage(
        exchange=celery_app.EXCHANGE,
        routing_key=celery_app.COMMANDS,
        body=json.dumps(message.body).encode(),
        message_id=task_id,
        correlation_id=task_id,
        type="",
        headers=message.headers,
    )


@asynccontextmanager
async def publishing(stack: Stack) -> AsyncIterator[Connections]:
    """Connect to the broker for the time of a block, as an administrator: Celery has no user."""
    connections = Connections(stack.servers.amqp_url, app_id="bench")
    await connections.start()
    await until(lambda: connections.is_connected)
    try:
        yield connections
    finally:
        await connections.stop()


class Finish(Protocol):
    """Tells when a run is over, without costing what is measured."""

    def taken(self) -> int:
        """Return how many messages the provider has taken so far, ever."""
        ...

    async def recorded(self, database: asyncpg.Connection, first: int, number: int) -> int:
        """Count, of the `number` messages taken after `first` others, those whose end is on record.

        Asked only once all of them were taken.
        """
        ...


async def seconds_for(stack: Stack, messages: Sequence[OutgoingMessage], finish: Finish) -> float:
    """Publish messages; return the seconds until the end of each is on record.

    Herald and its Celery form are loaded by this one publisher, which costs both the same.
    """
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    number = len(messages)
    try:
        async with publishing(stack) as connections:
            first = finish.taken()
            started = time.perf_counter()
            for start in range(0, number, CHUNK):
                chunk = messages[start : start + CHUNK]
                problems = await connections.publisher.publish_many(chunk, 30)
                if any(problems):
                    raise RuntimeError(f"commands refused: {next(filter(None, problems))}")
            async with asyncio.timeout(PATIENCE_SECONDS):
                while finish.taken() < first + number:  # noqa: ASYNC110  seen from outside
                    await asyncio.sleep(LOOK_SECONDS)
                while await finish.recorded(database, first, number) < number:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_SECONDS)
            return time.perf_counter() - started
    finally:
        await database.close()
