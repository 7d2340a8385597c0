"""How long one message takes at a steady rate: from its publish to the recorded acceptance.

Each row of the history says when it was written, by the database's clock, which is the publisher's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import asyncpg

from behaviour.bus.publishing import publish_confirmed
from bench import floor, lone_steps
from bench.celery_form.running import create_tables, running_workers
from bench.lean import SANDBOX_ROUTE
from bench.load import (
    PATIENCE_SECONDS,
    POLL_SECONDS,
    bodies,
    celery_message,
    herald_message,
    publishing,
)
from bench.medians import percentile
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald_local.progress import report
from herald_local.stack import Stack

RATE = 20.0  # messages a second
TURNS = 5
_CLOCK = (
    "ALTER TABLE {0}.history ADD COLUMN IF NOT EXISTS"
    " written_at timestamptz DEFAULT clock_timestamp()"
)
_WRITTEN = """
SELECT m.idempotency_key, extract(epoch FROM h.written_at)::float AS at
FROM {0}.history AS h JOIN {0}.messages AS m ON m.id = h.message_id
WHERE h.status = 'accepted' AND m.idempotency_key = ANY ($1::text[])
"""

Make = Callable[[dict[str, Any]], OutgoingMessage]


async def steady(stack: Stack, messages: int) -> dict[str, Any]:
    """Measure Herald and its Celery form at the same rate, in turns: a machine's mood passes."""
    await create_tables(stack)

    async with publishing(stack) as connections:
        publisher = connections.publisher
        ways = (("herald", "router", herald_message), ("celery", "celery_form", celery_message))
        seconds: dict[str, list[float]] = {name: [] for name, _, _ in ways}
        by_step: list[list[float]] = [[] for _ in lone_steps.STEPS]
        with running_workers(stack, f"{stack.sandbox_url}/twilio"):
            for _, schema, make in ways:
                await _offer(stack, schema, publisher, make, 20)  # connections, caches
            for _ in range(TURNS):
                for name, schema, make in ways:
                    taken, steps = await _offer(stack, schema, publisher, make, messages // TURNS)
                    seconds[name] += taken
                    for every, some in zip(by_step, steps, strict=False):
                        every.extend(some)
    parts = await floor.measure(stack, max(20, messages // TURNS), RATE)
    found = {f"{name}_ms": _summed_up(values) for name, values in seconds.items()}
    report(", ".join(f"{name} {figures}" for name, figures in found.items()))
    ratios = {
        name: round(found["herald_ms"][name] / parts["sum_ms"][name], 2) for name in ("p50", "p99")
    }
    about = {"messages": messages, "messages_per_second": RATE}
    steps_ms = lone_steps.summed_up(by_step)
    return {**about, **found, "steps_ms": steps_ms, "floor": parts, "of_the_floor": ratios}


def _summed_up(seconds: list[float]) -> dict[str, float]:
    return {
        "p50": round(percentile(seconds, 0.50) * 1000, 1),
        "p99": round(percentile(seconds, 0.99) * 1000, 1),
    }


async def _offer(
    stack: Stack, schema: str, publisher: Publisher, make: Make, number: int
) -> tuple[list[float], list[list[float]]]:
    """Publish at the rate; return how long each message took, and each step of Herald's."""
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        await database.execute(_CLOCK.format(schema))
        published: dict[str, float] = {}
        started = time.monotonic()
        for index, command in enumerate(bodies(number, route=SANDBOX_ROUTE)):
            await asyncio.sleep(max(0.0, started + index / RATE - time.monotonic()))
            published[command["idempotency_key"]] = time.time()
            await publish_confirmed(publisher, make(command))
        written: dict[str, float] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(written) < number:
                rows = await database.fetch(_WRITTEN.format(schema), list(published))
                written = {row["idempotency_key"]: row["at"] for row in rows}
                await asyncio.sleep(POLL_SECONDS)
        steps = await lone_steps.steps(database, published, written) if schema == "router" else []
    finally:
        await database.close()
    return [written[key] - at for key, at in published.items()], steps
