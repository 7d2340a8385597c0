"""When recipients wrote last to each of our numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from herald.contracts.masking import address_hash
from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.service_windows import Conversation

QUERIES = load_queries("router.store", "conversations.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedWindow:
    """A text that a provider refused, for the recipient had not written lately."""

    tenant: str  # whose inbound events the account's are
    channel: str
    address: str
    account: str
    dispatched_at: datetime


async def find_conversations(
    connection: Connection, asked: Sequence[tuple[str, str]], tenants: Sequence[str]
) -> list[list[Conversation]]:
    """Find those with each (channel, address), of accounts whose inbound events are `tenants`'."""
    rows = await connection.fetch(
        QUERIES["find_conversations"],
        [channel for channel, _ in asked],
        [address_hash(address) for _, address in asked],
        tenants,
    )
    found: list[list[Conversation]] = [[] for _ in asked]
    for row in rows:
        found[row["place"] - 1].append(
            Conversation(
                account=row["account"],
                own_address=row["own_address"],
                last_at=row["last_at"],
                closed_at=row["closed_at"],
            )
        )
    return found


async def close_windows(connection: Connection, closed: Sequence[ClosedWindow]) -> None:
    """Keep that providers know better than we did."""
    await connection.execute(
        QUERIES["close_windows"],
        [one.tenant for one in closed],
        [one.channel for one in closed],
        [address_hash(one.address) for one in closed],
        [one.account for one in closed],
        [one.dispatched_at for one in closed],
    )
