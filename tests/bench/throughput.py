"""Messages a second from the broker to the recorded acceptance: Herald beside its Celery form."""

from __future__ import annotations

from typing import Any

from bench.celery_form.running import create_tables, running_workers
from bench.cost import measured
from bench.load import (
    ACCEPTED,
    CELERY_ACCEPTED,
    READ,
    bodies,
    celery_message,
    herald_message,
    seconds_for,
)
from bench.medians import spread
from herald_local.progress import report
from herald_local.stack import Stack

CELERY_SHARE = 3  # Celery is given fewer messages a run: it takes longer for each


async def end_to_end(stack: Stack, messages: int, runs: int) -> dict[str, Any]:
    """Measure both in turn, `runs` times each, on the same servers."""
    await create_tables(stack)
    herald: list[float] = []
    celery: list[float] = []
    fewer = messages // CELERY_SHARE
    with running_workers(stack):
        await herald_seconds(stack, messages // 3)
        await celery_seconds(stack, messages // 6)
        cost = await _cost(stack, fewer)
        for number in range(1, runs + 1):
            herald.append(messages / await herald_seconds(stack, messages))
            celery.append(fewer / await celery_seconds(stack, fewer))
            report(f"run {number}: {herald[-1]:.0f} messages/s, Celery {celery[-1]:.0f}")
    return {
        "messages": messages,
        "runs": runs,
        "herald_per_second": spread(herald),
        "celery_per_second": spread(celery),
        "ratio": round(spread(herald)["median"] / spread(celery)["median"], 2),
        "cost_per_message": cost,
    }


async def _cost(stack: Stack, messages: int) -> dict[str, dict[str, Any]]:
    """Return what a message costs each of the two, apart from the runs that are timed."""
    return {
        "herald": await measured(stack, messages, lambda: herald_seconds(stack, messages)),
        "celery": await measured(stack, messages, lambda: celery_seconds(stack, messages)),
    }


async def herald_seconds(stack: Stack, number: int) -> float:
    """Return the seconds until every acceptance is on record."""
    return await seconds_for(stack, [herald_message(body) for body in bodies(number)], ACCEPTED)


async def celery_seconds(stack: Stack, number: int) -> float:
    """Return the seconds until every acceptance is on record."""
    messages = [celery_message(body) for body in bodies(number)]
    return await seconds_for(stack, messages, CELERY_ACCEPTED)


async def with_webhooks(stack: Stack, messages: int, runs: int) -> dict[str, Any]:
    """Measure the whole way: WhatsApp, and three signed webhooks a message through ingress."""
    rates: list[float] = []
    for number in range(runs + 1):  # the first warms up
        wanted = bodies(messages if number else messages // 3, route="whatsapp", digits="0001")
        commands = [herald_message(body) for body in wanted]
        rate = len(wanted) / await seconds_for(stack, commands, READ)
        if number:
            rates.append(rate)
            report(f"run {number}: {rate:.0f} messages/s with three webhooks each")
    fewer = bodies(messages // 2, route="whatsapp", digits="0001")
    cost = await measured(
        stack, len(fewer), lambda: seconds_for(stack, [*map(herald_message, fewer)], READ)
    )
    return {
        "messages": messages,
        "runs": runs,
        "herald_per_second": spread(rates),
        "cost_per_message": {"herald": cost},
    }
