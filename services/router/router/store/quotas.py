"""What tenants have used of their quotas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import TypeAdapter

from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.quotas import Usage, Used

QUERIES = load_queries("router.store", "quotas.sql")

_USAGE = TypeAdapter(dict[str, Used])


async def lock_usage(connection: Connection, tenants: Iterable[str]) -> dict[str, Usage]:
    """Lock and read what tenants have used; nobody else charges them until the transaction ends."""
    rows = await connection.fetch(QUERIES["lock_usage"], sorted(tenants))
    return {row["tenant"]: _USAGE.validate_json(row["usage"]) for row in rows}


async def read_usage(connection: Connection, tenants: Iterable[str]) -> dict[str, Usage]:
    """Read what tenants have used."""
    rows = await connection.fetch(QUERIES["read_usage"], list(tenants))
    return {row["tenant"]: _USAGE.validate_json(row["usage"]) for row in rows}


async def save_usage(connection: Connection, usage: Mapping[str, Usage]) -> None:
    """Keep what tenants, locked before, have used now."""
    await connection.execute(
        QUERIES["save_usage"],
        list(usage),
        [_USAGE.dump_json(dict(one)).decode() for one in usage.values()],
    )
