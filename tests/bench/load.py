"""Offering load: commands onto the broker as fast as it confirms them."""

from __future__ import annotations

import asyncio
import json
import time
from uuid import uuid4

import asyncpg

from herald.bus.connections import Connections
from herald.bus.frames import Frame
from herald.topology import COMMANDS, SEND_KEYS
from herald.vocabulary import Lane
from herald_local.stack import Stack

PATIENCE_SECONDS = 120
POLL_SECONDS = 0.2  # each look counts rows, and so costs what is measured
CHUNK = 1000
TEXT = "Your parcel is out for delivery and will be with you between 14:00 and 16:00 today. " * 5

_REPORTED = "SELECT count(*) FROM router.history WHERE status = 'accepted' AND recorded_at >= $1"


def commands(number: int) -> list[Frame]:
    """Make SMS commands of about 700 bytes, each to its own recipient."""
    run = uuid4().hex[:8]
    return [
        Frame(
            exchange=COMMANDS,
            routing_key=SEND_KEYS[Lane.NORMAL],
            body=json.dumps(
                {
                    "idempotency_key": f"bench-{run}-{index}",
                    "to": {"phone": f"+1555{index % 1000:03}9{index // 1000:03}"},
                    "content": {"text": TEXT},
                    "route": "sms",
                    "metadata": {"run": run},
                }
            ).encode(),
            message_id=str(uuid4()),
            type="SendMessage",
        )
        for index in range(number)
    ]


async def end_to_end(stack: Stack, number: int) -> float:
    """Publish commands and return the seconds until the router has every acceptance on record."""
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    connections = Connections(stack.servers.amqp_url, app_id="bench")
    await connections.start()
    await connections.wait_until_started()
    try:
        since = await database.fetchval("SELECT now()")
        frames = commands(number)
        started = time.perf_counter()
        for start in range(0, number, CHUNK):
            problems = await connections.publisher.publish_many(frames[start : start + CHUNK], 30)
            if any(problems):
                raise RuntimeError(f"the broker refused commands: {next(filter(None, problems))}")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await database.fetchval(_REPORTED, since) < number:  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(POLL_SECONDS)
        return time.perf_counter() - started
    finally:
        await connections.stop()
        await database.close()
