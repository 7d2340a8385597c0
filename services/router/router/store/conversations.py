"""When recipients wrote last to each of our numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from herald.contracts.addresses import whatsapp_forms
from herald.contracts.masking import address_hash
from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.core.service_windows import Conversation

QUERIES = load_queries("router.store", "conversations.sql")


class ClosedWindow(Struct, frozen=True, kw_only=True):
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
    forms = [
        (place, channel, address_hash(form))
        for place, (channel, address) in enumerate(asked)
        for form in whatsapp_forms(address)
    ]
    rows = await connection.fetch(
        QUERIES["find_conversations"],
        [place for place, _, _ in forms],
        [channel for _, channel, _ in forms],
        [sender_hash for _, _, sender_hash in forms],
        tenants,
    )
    found: list[list[Conversation]] = [[] for _ in asked]
    for row in rows:
        found[row["place"]].append(
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
    forms = [(one, address_hash(form)) for one in closed for form in whatsapp_forms(one.address)]
    await connection.execute(
        QUERIES["close_windows"],
        [one.tenant for one, _ in forms],
        [one.channel for one, _ in forms],
        [sender_hash for _, sender_hash in forms],
        [one.account for one, _ in forms],
        [one.dispatched_at for one, _ in forms],
    )
