"""What answers taught of buckets, as the rows keep it for all workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from herald.channel.limits.adaptation import Adaptation
from herald.database.pool import Connection
from herald.database.queries import load_queries

_QUERIES = load_queries("herald.channel.limits", "adaptation_rows.sql")
_FIELDS = (
    "factor",
    "ceiling",
    "decreased_at",
    "recovered_at",
    "probes",
    "blocked_until",
    "asked_until",
    "backoff",
)

Change = Callable[[Adaptation, float], Adaptation]


async def change(connection: Connection, changes: Mapping[str, Change]) -> dict[str, Adaptation]:
    """Change what is known of buckets, by key; return what is known of them then.

    Workers that change the same buckets do so one after the other, each at the database's time.
    """
    keys = sorted(changes)
    async with connection.transaction():
        await connection.execute(_QUERIES["make"], keys)
        rows = await connection.fetch(_QUERIES["lock"], keys)
        before = {row["key"]: Adaptation(**{name: row[name] for name in _FIELDS}) for row in rows}
        after = {row["key"]: changes[row["key"]](before[row["key"]], row["now"]) for row in rows}
        changed = [key for key in keys if key in after and after[key] != before[key]]
        if changed:
            columns = ([getattr(after[key], name) for key in changed] for name in _FIELDS)
            await connection.execute(_QUERIES["save"], changed, *columns)
    return after
