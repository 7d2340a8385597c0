"""Which attempts recipients answer: by our own id where it came back, else by the provider's."""

from __future__ import annotations

from collections.abc import Sequence

from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import InboundReceipt
from herald.database.pool import Connection
from router.store.inbound import InboundRow, find_owned
from router.store.references import ReferenceKey, find_references


def quotes(receipt: InboundReceipt) -> bool:
    """Whether a message says what it answers, ours or not."""
    return receipt.in_reply_to is not None or receipt.answered_attempt is not None


async def answered_attempts(
    connection: Connection, rows: Sequence[InboundRow]
) -> dict[ReferenceKey, AttemptId]:
    """Find what messages answer, each by the key of its row.

    Anybody can write our id of somebody else's message into a mail, so it counts only where that
    message is of the tenant who gets the event.
    """
    by_id = await _by_our_own_id(connection, rows)
    return by_id | await _by_reference(connection, [row for row in rows if row.key not in by_id])


async def _by_our_own_id(
    connection: Connection, rows: Sequence[InboundRow]
) -> dict[ReferenceKey, AttemptId]:
    named = [
        (row, attempt)
        for row in rows
        if (attempt := AttemptId.parse(row.receipt.answered_attempt or "")) is not None
        and row.tenant is not None
    ]
    if not named:
        return {}
    pairs = {(str(row.tenant), attempt.message_id) for row, attempt in named}
    owned = await find_owned(connection, sorted(pairs))
    return {row.key: attempt for row, attempt in named if (row.tenant, attempt.message_id) in owned}


async def _by_reference(
    connection: Connection, rows: Sequence[InboundRow]
) -> dict[ReferenceKey, AttemptId]:
    asked = {row.key: _possible(row.receipt) for row in rows if row.receipt.in_reply_to is not None}
    if not asked:
        return {}
    found = await find_references(connection, {one for every in asked.values() for one in every})
    texts = {
        key: next((found[one] for one in every if one in found), "") for key, every in asked.items()
    }
    return {
        key: attempt
        for key, text in texts.items()
        if (attempt := AttemptId.parse(text)) is not None
    }


def _possible(receipt: InboundReceipt) -> list[ReferenceKey]:
    """Return under which ids the answered message may be known, the likeliest first."""
    ids = (receipt.in_reply_to, *receipt.quoted)
    return [(receipt.provider, receipt.account, one) for one in ids if one]
