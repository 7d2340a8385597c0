"""Which attempt each receipt is about: by its own name, or by the provider's id of it.

Both sides upsert the provider's id: whoever comes second finds the other. A receipt that comes
before the acceptance waits under that id; the acceptance takes it up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from pydantic_core import to_json

from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import AttemptReceipt
from herald.database.pool import Connection
from herald.database.uuids import DatabaseUuid
from router.core.facts import ReceiptArrived
from router.core.message import Message
from router.store.references import (
    MAX_PARKED,
    ReferenceKey,
    ReferenceRow,
    clear_parked,
    upsert_references,
)

Waiting = dict[ReferenceKey, dict[str, AttemptReceipt]]  # by receipt id: a repeat is one receipt


class Correlated(Struct):
    """Facts that are ready, in order, and receipts that can't be applied, each with the reason."""

    facts: list[ReceiptArrived] = field(default_factory=list)
    foreign: list[tuple[AttemptReceipt, str]] = field(default_factory=list)
    unreadable: list[Any] = field(default_factory=list)  # parked by another version
    locked: list[Message] = field(default_factory=list)  # of the facts, as far as it was asked for


async def correlate(
    connection: Connection, receipts: Sequence[AttemptReceipt], *, locks: bool = False
) -> Correlated:
    """Find each receipt's attempt; one whose attempt is not known yet is parked.

    `locks`: where each names it, lock their messages in the same statement; no references may be
    written after that.
    """
    correlated = Correlated()
    owners: dict[ReferenceKey, AttemptId] = {}
    waiting: Waiting = {}
    for receipt in receipts:
        attempt = AttemptId.parse(receipt.attempt_id, DatabaseUuid) if receipt.attempt_id else None
        keys = _keys(receipt)
        if attempt is not None:
            correlated.facts.append(ReceiptArrived(attempt=attempt, receipt=receipt))
            if receipt.source == "channel":
                owners.update((key, attempt) for key in keys)
        elif keys:
            waiting.setdefault(keys[0], {}).setdefault(receipt.receipt_id, receipt)
        else:
            correlated.foreign.append((receipt, "foreign_receipt"))
    if owners or waiting:
        # of others the messages are not known yet, and all are locked in one order
        may_lock = locks and not waiting and not correlated.foreign
        named = {fact.attempt.message_id for fact in correlated.facts} if may_lock else set()
        await _join(connection, owners, waiting, named, correlated)
    return correlated


async def _join(
    connection: Connection,
    owners: dict[ReferenceKey, AttemptId],
    waiting: Waiting,
    named: Iterable[UUID],
    correlated: Correlated,
) -> None:
    rows = {
        key: (
            str(owners[key]) if key in owners else None,
            None if key in owners else _parkable(waiting[key]),
        )
        for key in owners | waiting
    }
    found, correlated.locked = await upsert_references(connection, rows, named)
    taken_up = [row.key for row in found if row.attempt_id and (row.parked or row.unreadable)]
    if taken_up:
        await clear_parked(connection, taken_up)
    for row in found:
        _sort(row, waiting.get(row.key, {}), correlated)


def _sort(row: ReferenceRow, waiting: dict[str, AttemptReceipt], correlated: Correlated) -> None:
    """Part facts from what is parked now, and from what found no room there."""
    if not (waiting or row.parked or row.unreadable):
        return  # as mostly
    attempt = AttemptId.parse(row.attempt_id, DatabaseUuid) if row.attempt_id else None
    if attempt is not None:
        receipts = (*row.parked, *waiting.values())
        correlated.facts += [
            ReceiptArrived(attempt=attempt, receipt=receipt) for receipt in receipts
        ]
        correlated.unreadable += row.unreadable
        return
    kept = {receipt.receipt_id for receipt in row.parked}
    correlated.foreign += [
        (receipt, "too_many_parked") for name, receipt in waiting.items() if name not in kept
    ]


def _parkable(waiting: dict[str, AttemptReceipt]) -> str:
    return to_json(list(waiting.values())[:MAX_PARKED]).decode()


def _keys(receipt: AttemptReceipt) -> list[ReferenceKey]:
    return [
        (receipt.provider, receipt.account, reference)
        for reference in receipt.references
        if reference
    ]
