"""What a message costs: processor time by process, rows, commits, log and network bytes, steps.

A step is a message published, confirmed, delivered or acknowledged at the broker, also where one
AMQP frame covers many. Network is what went over the machine's loopback interface, where all of it
runs: broker, database, provider, and the load itself.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench import processor_time
from herald_local.stack import Stack
from herald_local.web import call

# Both hold statistics back: RabbitMQ for up to five seconds, an idle PostgreSQL session for ten.
SETTLE_SECONDS = 11

_ROWS = """
SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables
"""
_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
_LOG = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
_STEPS = ("publish", "confirm", "deliver", "ack")
_NETWORK = Path("/proc/net/dev")


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


async def measured(
    stack: Stack, messages: int, work: Callable[[], Awaitable[Any]]
) -> dict[str, Any]:
    """Do the work of `messages` messages; return what each cost, and what idle processes use.

    Processor time, log and network are read right around the work; what the servers count slowly,
    once it has settled.
    """
    used = processor_time.seconds_by_process(stack)
    before = await read(stack)
    started = processor_time.seconds_by_process(stack)
    log, network = await _log_bytes(stack), _loopback_bytes()
    await work()
    ended = processor_time.seconds_by_process(stack)
    log, network = await _log_bytes(stack) - log, _loopback_bytes() - network
    after = await read(stack)
    return after.per_message(before, messages) | {
        "cpu_us": processor_time.per_message(started, ended, messages),
        "wal_bytes": round(log / messages),
        "network_bytes": round(network / messages),
        "idle_cpu_percent": processor_time.idle_share(used, started, SETTLE_SECONDS),
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


async def _log_bytes(stack: Stack) -> int:
    """Return how much PostgreSQL has written to its write-ahead log."""
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        written: int = await database.fetchval(_LOG)
        return written
    finally:
        await database.close()


def _loopback_bytes() -> int:
    """Return what the loopback interface has carried; 0 where the machine has no such file."""
    for line in _NETWORK.read_text().splitlines() if _NETWORK.exists() else ():
        name, _, counters = line.partition(":")
        if name.strip() == "lo":
            return int(counters.split()[0])
    return 0
