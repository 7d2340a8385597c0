"""What recipients sent: taken once, and kept as the provider sent it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from pydantic_core import to_json

from herald.contracts.masking import address_hash
from herald.contracts.receipts import InboundReceipt
from herald.database.pool import Connection
from herald.database.queries import load_queries
from router.commands import Answered
from router.store.references import ReferenceKey

QUERIES = load_queries("router.store", "inbound.sql")


class InboundRow(Struct, frozen=True, kw_only=True):
    """A recipient's message, and whose it is; `id` is its event's. Of no tenant: it is not kept."""

    id: UUID
    tenant: str | None
    receipt: InboundReceipt

    @property
    def key(self) -> ReferenceKey:
        """Names the message; a repeat has the same."""
        return (self.receipt.provider, self.receipt.account, self.receipt.reference)


async def keep_inbound(connection: Connection, rows: Sequence[InboundRow]) -> set[ReferenceKey]:
    """Keep messages that were not seen before; return which those are."""
    receipts = [row.receipt for row in rows]
    found = await connection.fetch(
        QUERIES["keep_inbound"],
        [receipt.provider for receipt in receipts],
        [receipt.account for receipt in receipts],
        [receipt.reference for receipt in receipts],
        [row.id for row in rows],
        [row.tenant for row in rows],
        [receipt.channel for receipt in receipts],
        [receipt.content.value for receipt in receipts],
        [receipt.sender for receipt in receipts],
        [address_hash(receipt.sender) for receipt in receipts],
        [receipt.occurred_at for receipt in receipts],
        [_element(receipt) for receipt in receipts],
        [receipt.recipient or "" for receipt in receipts],
        [receipt.group is not None for receipt in receipts],
        [receipt.mail.message_id if receipt.mail else None for receipt in receipts],
    )
    return {(row["provider"], row["account"], row["reference"]) for row in found}


async def find_inbound(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Answered]:
    """Find what recipients sent by the ids of its events."""
    rows = await connection.fetch(QUERIES["find_inbound"], ids)
    return {row["id"]: Answered(**row) for row in rows}


async def find_owned(
    connection: Connection, pairs: Sequence[tuple[str, UUID]]
) -> set[tuple[str, UUID]]:
    """Return which of some messages are those of the tenants named beside them."""
    rows = await connection.fetch(
        QUERIES["find_owned"], [tenant for tenant, _ in pairs], [message for _, message in pairs]
    )
    return {(row["tenant"], row["id"]) for row in rows}


async def find_latest(
    connection: Connection, receipts: Sequence[tuple[str, InboundReceipt]]
) -> dict[ReferenceKey, str]:
    """Find the latest message to each sender on the same channel, of the given tenant."""
    rows = await connection.fetch(
        QUERIES["find_latest"],
        [tenant for tenant, _ in receipts],
        [address_hash(receipt.sender) for _, receipt in receipts],
        [receipt.channel for _, receipt in receipts],
    )
    return {
        (receipt.provider, receipt.account, receipt.reference): str(row["id"])
        for row in rows
        for _, receipt in [receipts[row["place"] - 1]]
    }


def _element(receipt: InboundReceipt) -> str | None:
    element = receipt.element
    return None if element is None else to_json(element, inf_nan_mode="null").decode()
