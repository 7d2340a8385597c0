"""Messages a second from the broker to the recorded acceptance: Herald beside its Celery form."""

from __future__ import annotations

import time
from typing import Any

import asyncpg

from bench.celery_form import tasks
from bench.celery_form.running import create_tables, running_workers
from bench.cost import read
from bench.load import ACCEPTED, READ, bodies, herald_seconds, until_counted
from bench.medians import spread
from herald_local.progress import report
from herald_local.stack import Stack

CELERY_ACCEPTED = (
    "SELECT count(*) FROM celery_form.history WHERE status = 'accepted' AND recorded_at >= $1"
)
CELERY_SHARE = 3  # Celery is given fewer messages a run: it takes longer for each


async def end_to_end(stack: Stack, messages: int, runs: int) -> dict[str, Any]:
    """Measure both in turn, `runs` times each, on the same servers."""
    await create_tables(stack)
    herald: list[float] = []
    celery: list[float] = []
    with running_workers(stack):
        await herald_seconds(stack, bodies(messages // 3), ACCEPTED)
        await celery_seconds(stack, messages // 6)
        before = await read(stack)
        cost: dict[str, float] = {}
        for number in range(1, runs + 1):
            herald.append(messages / await herald_seconds(stack, bodies(messages), ACCEPTED))
            if number == 1:
                cost = (await read(stack)).per_message(before, messages)
            fewer = messages // CELERY_SHARE
            celery.append(fewer / await celery_seconds(stack, fewer))
            report(f"run {number}: {herald[-1]:.0f} messages/s, Celery {celery[-1]:.0f}")
    return {
        "messages": messages,
        "runs": runs,
        "herald_per_second": spread(herald),
        "celery_per_second": spread(celery),
        "ratio": round(spread(herald)["median"] / spread(celery)["median"], 2),
        "herald_cost_per_message": cost,
    }


async def celery_seconds(stack: Stack, number: int) -> float:
    """Enqueue commands; return the seconds until every acceptance is on record."""
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        since = await database.fetchval("SELECT now()")
        commands = bodies(number)
        started = time.perf_counter()
        for command in commands:
            tasks.send.delay(command)
        await until_counted(database, CELERY_ACCEPTED, number, since)
        return time.perf_counter() - started
    finally:
        await database.close()


async def with_webhooks(stack: Stack, messages: int, runs: int) -> dict[str, Any]:
    """Measure the whole way: WhatsApp, and three signed webhooks a message through ingress."""
    rates: list[float] = []
    for number in range(runs + 1):  # the first warms up
        wanted = bodies(messages if number else messages // 3, route="whatsapp", digits="0001")
        rate = len(wanted) / await herald_seconds(stack, wanted, READ)
        if number:
            rates.append(rate)
            report(f"run {number}: {rate:.0f} messages/s with three webhooks each")
    return {"messages": messages, "runs": runs, "herald_per_second": spread(rates)}
