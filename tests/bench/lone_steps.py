"""The steps of one message's way, by when the database wrote what of it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import asyncpg

from bench.medians import percentile

# `created_at` is when the router had read the command: its own idea of the database's clock
_MOMENTS = """
SELECT m.idempotency_key AS key, extract(epoch FROM m.created_at)::float AS read,
    extract(epoch FROM (
        SELECT min(h.written_at) FROM router.history AS h WHERE h.message_id = m.id
    ))::float AS accepted,
    extract(epoch FROM s.created_at)::float AS claimed,
    extract(epoch FROM s.updated_at)::float AS recorded
FROM router.messages AS m JOIN channel.sends AS s ON s.attempt_id = m.id || '.1.1'
WHERE m.idempotency_key = ANY ($1::text[])
"""
STEPS = (
    "published -> read by the router",
    "-> acceptance written",
    "-> at the worker, about to be claimed",
    "-> called and answered, about to be recorded",
    "-> receipt at the router, its outcome written",
)


async def steps(
    database: asyncpg.Connection, published: Mapping[str, float], written: Mapping[str, float]
) -> list[list[float]]:
    """Return the seconds of each step, one for each message."""
    found: list[list[float]] = [[] for _ in STEPS]
    for row in await database.fetch(_MOMENTS, list(published)):
        between = row["read"], row["accepted"], row["claimed"], row["recorded"]
        moments = (published[row["key"]], *between, written[row["key"]])
        for seconds, (before, after) in zip(found, pairwise(moments), strict=True):
            seconds.append(after - before)
    return found


def summed_up(found: list[list[float]]) -> dict[str, dict[str, float]]:
    """Return the median and the 99th percentile of each step, in milliseconds."""
    return {
        name: {
            "p50": round(percentile(seconds, 0.50) * 1000, 1),
            "p99": round(percentile(seconds, 0.99) * 1000, 1),
        }
        for name, seconds in zip(STEPS, found, strict=True)
    }
