"""Messages a second from the broker to the recorded acceptance: Herald beside its Celery form."""

from __future__ import annotations

from typing import Any

from bench.celery_form.running import create_tables, running_workers
from bench.cost import measured
from bench.lean import ROUTE, SANDBOX_ROUTE, LeanFinish, LeanProvider
from bench.load import bodies, celery_message, herald_message, seconds_for
from bench.medians import spread
from bench.sandbox_finish import SandboxFinish
from herald_local.progress import report
from herald_local.stack import Stack

CELERY_SHARE = 5  # Celery is given fewer messages a run: it takes longer for each


async def end_to_end(
    stack: Stack, provider: LeanProvider, messages: int, runs: int
) -> dict[str, Any]:
    """Measure both in turn, `runs` times each, on the same servers and the lean provider."""
    await create_tables(stack)
    herald: list[float] = []
    celery: list[float] = []
    fewer = messages // CELERY_SHARE
    with provider.running(stack), running_workers(stack, provider.url):
        await herald_seconds(stack, provider, messages // 3)
        await celery_seconds(stack, provider, fewer // 2)
        cost = {
            "herald": await measured(
                stack, messages, lambda: herald_seconds(stack, provider, messages)
            ),
            "celery": await measured(stack, fewer, lambda: celery_seconds(stack, provider, fewer)),
        }
        for number in range(1, runs + 1):
            herald.append(messages / await herald_seconds(stack, provider, messages))
            celery.append(fewer / await celery_seconds(stack, provider, fewer))
            report(f"run {number}: {herald[-1]:.0f} messages/s, Celery {celery[-1]:.0f}")
    return {
        "messages": messages,
        "runs": runs,
        "herald_per_second": spread(herald),
        "celery_per_second": spread(celery),
        "ratio": round(spread(herald)["median"] / spread(celery)["median"], 2),
        "cost_per_message": cost,
        "over_the_sandbox": await _over_the_sandbox(stack, messages // 3, runs),
    }


async def herald_seconds(stack: Stack, provider: LeanProvider, number: int) -> float:
    """Return the seconds until every acceptance is on record."""
    commands = [herald_message(body) for body in bodies(number, route=ROUTE)]
    return await seconds_for(stack, commands, LeanFinish(provider, "router"))


async def celery_seconds(stack: Stack, provider: LeanProvider, number: int) -> float:
    """Return the seconds until every acceptance is on record."""
    commands = [celery_message(body) for body in bodies(number)]
    return await seconds_for(stack, commands, LeanFinish(provider, "celery_form"))


async def sandbox_seconds(stack: Stack, number: int) -> float:
    """Return the seconds until every acceptance of the sandbox is on record."""
    commands = [herald_message(body) for body in bodies(number, route=SANDBOX_ROUTE)]
    return await seconds_for(stack, commands, SandboxFinish(stack.requests_file, "accepted"))


async def _over_the_sandbox(stack: Stack, messages: int, runs: int) -> dict[str, Any]:
    """Measure Herald where the provider costs as much as a service does."""
    await sandbox_seconds(stack, messages // 3)
    cost = await measured(stack, messages, lambda: sandbox_seconds(stack, messages))
    rates = [messages / await sandbox_seconds(stack, messages) for _ in range(runs)]
    return {"herald_per_second": spread(rates), "cost_per_message": {"herald": cost}}


async def with_webhooks(stack: Stack, messages: int, runs: int) -> dict[str, Any]:
    """Measure the whole way: WhatsApp, and three signed webhooks a message through ingress."""

    async def seconds(number: int) -> float:
        wanted = bodies(number, route="whatsapp", digits="0001")
        commands = [herald_message(body) for body in wanted]
        return await seconds_for(stack, commands, SandboxFinish(stack.requests_file, "read"))

    rates: list[float] = []
    await seconds(messages // 3)
    for number in range(1, runs + 1):
        rates.append(messages / await seconds(messages))
        report(f"run {number}: {rates[-1]:.0f} messages/s with three webhooks each")
    fewer = messages // 2
    cost = await measured(stack, fewer, lambda: seconds(fewer))
    return {
        "messages": messages,
        "runs": runs,
        "herald_per_second": spread(rates),
        "cost_per_message": {"herald": cost},
    }
