"""How long deliveries took, counted by provider, channel, country and day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.delays import BUCKETS, Way

QUERIES = load_queries("router.store", "delays.sql")
LEARNED_DAYS = 7  # what is older says little of today


async def add_delays(connection: Connection, counts: Mapping[Way, Sequence[int]]) -> None:
    """Add what was counted; in order, so that two routers never deadlock."""
    ways = sorted(counts)
    await connection.execute(
        QUERIES["add_delays"],
        [way.provider for way in ways],
        [way.channel for way in ways],
        [way.country for way in ways],
        [json.dumps(counts[way]) for way in ways],
    )


async def read_delays(connection: Connection) -> dict[Way, list[int]]:
    """Read what was counted lately, all days together."""
    found: dict[Way, list[int]] = {}
    for row in await connection.fetch(QUERIES["read_delays"], LEARNED_DAYS):
        way = Way(row["provider"], row["channel"], row["country"])
        into = found.setdefault(way, [0] * BUCKETS)
        into[:] = [sum(pair) for pair in zip(into, row["counts"], strict=False)]
    return found


async def delete_delays(connection: Connection, days: int) -> int:
    """Delete what was counted so long ago; return how many rows there were."""
    number: int = await connection.fetchval(QUERIES["delete_delays"], days)
    return number
