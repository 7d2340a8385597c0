"""Which attempt each receipt is about: by its own name, or by the provider's id of it.

Both sides upsert the provider's id: whoever comes second finds the other. A receipt that comes
before the acceptance waits under that id; the acceptance takes it up.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_core import to_json

from herald.database.pool import Connection
from herald.identifiers import AttemptId
from herald.receipts import AttemptReceipt
from router.core.facts import Reported
from router.store.references import ReferenceKey, ReferenceRow, clear_parked, upsert_references


async def match(
    connection: Connection, receipts: Sequence[AttemptReceipt]
) -> tuple[list[Reported], list[AttemptReceipt]]:
    """Return the facts that are ready, in order, and receipts that name nothing of ours."""
    ready: list[Reported] = []
    foreign: list[AttemptReceipt] = []
    owners: dict[ReferenceKey, AttemptId] = {}
    waiting: dict[ReferenceKey, list[AttemptReceipt]] = {}
    for receipt in receipts:
        attempt = AttemptId.parse(receipt.attempt_id) if receipt.attempt_id else None
        if attempt is not None:
            ready.append(Reported(attempt=attempt, receipt=receipt))
            if receipt.source == "channel":
                owners.update((key, attempt) for key in _keys(receipt))
        elif receipt.references:
            waiting.setdefault(_keys(receipt)[0], []).append(receipt)
        else:
            foreign.append(receipt)
    if owners or waiting:
        ready += await _join(connection, owners, waiting)
    return ready, foreign


async def _join(
    connection: Connection,
    owners: dict[ReferenceKey, AttemptId],
    waiting: dict[ReferenceKey, list[AttemptReceipt]],
) -> list[Reported]:
    rows = {
        key: (
            str(owners[key]) if key in owners else None,
            None if key in owners else to_json(waiting[key]).decode(),
        )
        for key in owners | waiting
    }
    found = await upsert_references(connection, rows)
    taken_up = [row.key for row in found if row.attempt_id is not None and row.parked]
    if taken_up:
        await clear_parked(connection, taken_up)
    return [fact for row in found for fact in _facts(row, waiting.get(row.key, []))]


def _facts(row: ReferenceRow, waiting: Sequence[AttemptReceipt]) -> list[Reported]:
    attempt = AttemptId.parse(row.attempt_id) if row.attempt_id else None
    if attempt is None:
        return []
    parked = [AttemptReceipt.model_validate(item) for item in row.parked]
    return [Reported(attempt=attempt, receipt=receipt) for receipt in (*parked, *waiting)]


def _keys(receipt: AttemptReceipt) -> list[ReferenceKey]:
    return [
        (receipt.provider, receipt.account, reference)
        for reference in receipt.references
        if reference
    ]
