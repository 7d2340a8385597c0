"""What a message costs: rows written, transactions committed, steps at the broker.

A step is a message published, confirmed, delivered or acknowledged, also where one AMQP frame
covers many.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import asyncpg

from herald_local.stack import Stack
from herald_local.web import call

# Both hold statistics back: RabbitMQ for up to five seconds, an idle PostgreSQL session for ten.
SETTLE_SECONDS = 11

_ROWS = """
SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables
"""
_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
_STEPS = ("publish", "confirm", "deliver", "ack")


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals at one moment."""

    rows: int
    commits: int
    steps: int

    def per_message(self, before: Counters, messages: int) -> dict[str, float]:
        """Return what each of `messages` cost since `before`."""
        return {
            "row_writes": round((self.rows - before.rows) / messages, 2),
            "commits": round((self.commits - before.commits) / messages, 3),
            "broker_steps": round((self.steps - before.steps) / messages, 2),
        }


async def read(stack: Stack) -> Counters:
    """Read the totals once they have settled."""
    await asyncio.sleep(SETTLE_SECONDS)
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        rows, commits = await database.fetchval(_ROWS), await database.fetchval(_COMMITS)
    finally:
        await database.close()
    overview = json.loads(call("GET", f"{stack.servers.management_url}/api/overview").body)
    stats = overview.get("message_stats", {})
    return Counters(rows, commits, sum(stats.get(name, 0) for name in _STEPS))
