"""Throughput on an empty database and on one that holds very many messages, in one run.

What is there is spread over a hundred tenants: each message with its history, its reference and the
row of its call. Some wait for a timer far away.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from bench.lean import LeanProvider
from bench.medians import spread
from bench.throughput import herald_seconds
from herald_local.progress import report
from herald_local.stack import Stack
from many_messages import make_messages

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
    stack: Stack, provider: LeanProvider, messages: int, runs: int, grown: int
) -> dict[str, Any]:
    """Measure before and after `grown` messages are put into the database."""
    with provider.running(stack):
        await herald_seconds(stack, provider, messages // 3)
        empty = await _rates(stack, provider, messages, runs)
        await _grow(stack, grown)
        await herald_seconds(stack, provider, messages // 3)
        full = await _rates(stack, provider, messages, runs)
    return {
        "grown": grown,
        "tenants": TENANTS,
        "timers": min(TIMERS, grown),
        "empty_per_second": spread(empty),
        "grown_per_second": spread(full),
        "ratio": round(spread(full)["median"] / spread(empty)["median"], 3),
    }


async def _rates(stack: Stack, provider: LeanProvider, messages: int, runs: int) -> list[float]:
    return [messages / await herald_seconds(stack, provider, messages) for _ in range(runs)]


async def _grow(stack: Stack, grown: int) -> None:
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        for number in range(TENANTS):
            tenant = f"grown-{number:02}x"  # no other name with a number behind
            await make_messages(database, grown // TENANTS, tenant, ())
            for statement in (_HISTORY, _REFERENCES, _SENDS):
                await database.execute(statement, tenant)
            if number % 10 == 0:
                report(f"{number} of {TENANTS} tenants have their messages")
        await database.execute(_TIMERS, TIMERS)
        await database.execute("VACUUM ANALYZE")
    finally:
        await database.close()
