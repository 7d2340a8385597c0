"""Throughput with an empty database and with one that holds very many messages, in turns.

What is there is spread over a hundred tenants: each message with the hash of its recipient, its
history, its reference and the row of its call. Some wait for a timer far away.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import asyncpg

from bench.lean import LeanProvider
from bench.medians import spread
from bench.throughput import herald_seconds
from herald_local.progress import report
from herald_local.stack import Stack
from many_messages import add_messages

TENANTS = 100
TIMERS = 50_000
_TIMERS = """
UPDATE router.messages SET outcome = NULL, ended_at = NULL, due_at = now() + interval '1 day'
WHERE id IN (SELECT id FROM router.messages WHERE tenant LIKE 'grown-%' LIMIT $1)
"""
_HISTORY = """
INSERT INTO router.history (message_id, day, fact, note, status, recorded_at)
SELECT
    id, (created_at AT TIME ZONE 'UTC')::date, 'grown:' || n,
    'dispatched -> sent', 'sent', created_at
FROM router.messages CROSS JOIN generate_series(1, 2) AS n WHERE tenant = $1
"""
_REFERENCES = """
INSERT INTO router.provider_refs (provider, account, reference, attempt_id, created_at)
SELECT 'twilio', 'grown', id::text, id || '.1.1', created_at
FROM router.messages WHERE tenant = $1
"""
_SENDS = """
INSERT INTO channel.sends (attempt_id, state, channel, provider, account, report, created_at)
SELECT id || '.1.1', 'recorded', 'sms', 'twilio', 'grown', '{}', created_at
FROM router.messages WHERE tenant = $1
"""


async def measure(
    stacks: tuple[Stack, Stack],
    providers: tuple[LeanProvider, LeanProvider],
    messages: int,
    runs: int,
    grown: int,
) -> dict[str, Any]:
    """Put `grown` messages into the second stack's database, and measure both in turns."""
    (_, full), rates = stacks, (list[float](), list[float]())
    pairs = list(zip(stacks, providers, strict=True))
    with ExitStack() as running:
        for stack, provider in pairs:
            running.enter_context(provider.running(stack))
        took = await _grow(full, grown)
        for stack, provider in pairs:
            await herald_seconds(stack, provider, messages // 3)
        for number in range(1, runs + 1):
            for (stack, provider), found in zip(pairs, rates, strict=True):
                found.append(messages / await herald_seconds(stack, provider, messages))
            report(f"run {number}: empty {rates[0][-1]:.0f} messages/s, grown {rates[1][-1]:.0f}")
    empty, grown_rates = map(spread, rates)
    return {
        "grown": grown,
        "tenants": TENANTS,
        "timers": min(TIMERS, grown),
        "grown_in_seconds": round(took),
        "empty_per_second": empty,
        "grown_per_second": grown_rates,
        "ratio": round(grown_rates["median"] / empty["median"], 3),
    }


async def _grow(stack: Stack, grown: int) -> float:
    """Make messages, and return in how many seconds."""
    began = time.monotonic()
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        await database.execute("SET synchronous_commit = off")
        for number in range(TENANTS):
            tenant = f"grown-{number:02}x"  # no other name with a number behind
            await add_messages(database, grown // TENANTS, tenant, (number,))
            for statement in (_HISTORY, _REFERENCES, _SENDS):
                await database.execute(statement, tenant)
            if number % 10 == 9:
                report(f"{number + 1} of {TENANTS} tenants have their messages")
        await database.execute(_TIMERS, TIMERS)
        await database.execute("VACUUM ANALYZE")
        await database.execute("CHECKPOINT")
    finally:
        await database.close()
    return time.monotonic() - began
