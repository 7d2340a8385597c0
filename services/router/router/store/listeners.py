"""How far routers and ingresses are: read and written about twice a second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from herald.contracts.vocabulary import Lane
from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.ingresses import Ingress
from router.core.listeners import Listener

QUERIES = load_queries("router.store", "listeners.sql")


async def renew_listeners(
    connection: Connection, router: UUID, own: Sequence[Listener], lapsed: Iterable[Listener]
) -> list[Listener]:
    """Write one router's rows, drop lapsed ones of others; return all others' as they were."""
    gone = list(lapsed)
    rows = await connection.fetch(
        QUERIES["renew_listeners"],
        router,
        [row.lane.value for row in own],
        [row.progress for row in own],
        [row.held_at for row in own],
        [row.router for row in gone],
        [row.lane.value for row in gone],
        [row.seen_at for row in gone],
    )
    return [
        Listener(
            router=row["router"],
            lane=Lane(row["lane"]),
            seen_at=row["seen_at"],
            progress=row["progress"],
            held_at=row["held_at"],
        )
        for row in rows
    ]


async def remove_listeners(connection: Connection, router: UUID) -> None:
    """Drop the rows of a router that has stopped and holds nothing."""
    await connection.execute(QUERIES["remove_listeners"], router)


async def load_ingresses(connection: Connection) -> list[Ingress]:
    """Read what is known of every ingress."""
    return [
        Ingress(
            ingress=row["ingress"],
            seen_at=row["seen_at"],
            held_at=row["held_at"],
            held_until=row["held_until"],
            has_left=row["has_left"],
            published_until=row["published_until"],
        )
        for row in await connection.fetch(QUERIES["load_ingresses"])
    ]


async def save_ingresses(connection: Connection, ingresses: Sequence[Ingress]) -> None:
    """Write what pulses said; rows of ingresses gone for a day are dropped."""
    await connection.execute(
        QUERIES["save_ingresses"],
        [one.ingress for one in ingresses],
        [one.seen_at for one in ingresses],
        [one.held_at for one in ingresses],
        [one.held_until for one in ingresses],
        [one.has_left for one in ingresses],
        [one.published_until for one in ingresses],
    )
