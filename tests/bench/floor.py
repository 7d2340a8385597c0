"""What a message's way is made of, each part alone at the same rate: the floor of its latency.

From its publish to the recorded acceptance it goes over the broker three times (command, work,
receipt), four transactions are committed (accepted, claimed, recorded, applied), and one call is
made.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aio_pika
import aiohttp
import asyncpg

from bench.celery_form.running import account_of
from bench.medians import percentile
from herald_local.stack import Stack

HOPS, COMMITS = 3, 4
_QUEUE = "events.bench-hops"
_TABLE = "CREATE TABLE IF NOT EXISTS bench_commits (at timestamptz NOT NULL)"

Once = Callable[[], Awaitable[Any]]


async def measure(stack: Stack, number: int, rate: float) -> dict[str, Any]:
    """Measure `number` of each part, at `rate` a second."""
    parts = {
        "hop": await _hops(stack, number, rate),
        "commit": await _commits(stack, number, rate),
        "post": await _posts(stack, number, rate),
    }
    sums = {
        name: HOPS * percentile(parts["hop"], part)
        + COMMITS * percentile(parts["commit"], part)
        + percentile(parts["post"], part)
        for name, part in (("p50", 0.50), ("p99", 0.99))
    }
    return {
        **{f"{name}_ms": _summed_up(seconds) for name, seconds in parts.items()},
        "hops": HOPS,
        "commits": COMMITS,
        "sum_ms": {name: round(seconds * 1000, 1) for name, seconds in sums.items()},
    }


async def _hops(stack: Stack, number: int, rate: float) -> list[float]:
    """Take the time from a publish to its delivery by a quorum queue."""
    async with await aio_pika.connect(stack.servers.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(
            _QUEUE, durable=True, arguments={"x-queue-type": "quorum"}
        )
        arrived: asyncio.Queue[float] = asyncio.Queue()

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            arrived.put_nowait(time.perf_counter())
            await message.ack()

        await queue.consume(take)
        seconds: list[float] = []

        async def hop() -> None:
            began = time.perf_counter()
            await channel.default_exchange.publish(aio_pika.Message(b"x" * 700), _QUEUE)
            seconds.append(await arrived.get() - began)

        await _at_rate(hop, number, rate)
        await queue.delete(if_unused=False, if_empty=False)
    return seconds


async def _commits(stack: Stack, number: int, rate: float) -> list[float]:
    """Take the time of a transaction that writes a row."""
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        await database.execute(_TABLE)
        return await _timed(
            lambda: database.execute("INSERT INTO bench_commits VALUES (now())"), number, rate
        )
    finally:
        await database.close()


async def _posts(stack: Stack, number: int, rate: float) -> list[float]:
    """Take the time of a call to the sandbox, on a connection that is kept."""
    account = account_of(stack, f"{stack.sandbox_url}/twilio")
    login = aiohttp.BasicAuth(account["BENCH_TWILIO_SID"], account["BENCH_TWILIO_TOKEN"])
    form = {"To": f"+1555{os.getpid() % 10**7:07}", "From": "+15550001111", "Body": "Hello"}
    async with aiohttp.ClientSession(auth=login) as client:

        async def post() -> None:
            async with client.post(account["BENCH_TWILIO_URL"], data=form) as response:
                await response.read()

        return await _timed(post, number, rate)


async def _timed(once: Once, number: int, rate: float) -> list[float]:
    seconds: list[float] = []

    async def timed() -> None:
        began = time.perf_counter()
        await once()
        seconds.append(time.perf_counter() - began)

    await _at_rate(timed, number, rate)
    return seconds


async def _at_rate(once: Once, number: int, rate: float) -> None:
    started = time.monotonic()
    for index in range(number):
        await asyncio.sleep(max(0.0, started + index / rate - time.monotonic()))
        await once()


def _summed_up(seconds: list[float]) -> dict[str, float]:
    return {
        "p50": round(percentile(seconds, 0.50) * 1000, 2),
        "p99": round(percentile(seconds, 0.99) * 1000, 2),
    }
