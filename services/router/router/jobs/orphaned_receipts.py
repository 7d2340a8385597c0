"""Receipts whose acceptance does not come: dead letters after a day.

They are dropped if their account is also used by another application (`foreign = "ignore"`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import structlog

from herald.config.file import HeraldFile
from herald.service.periodic import Periodic
from router import metrics
from router.dead_letters import DeadLetter, dead_letter_from_receipt, dead_letter_from_unreadable
from router.store.references import ReferenceRow, clear_parked, lock_orphaned
from router.unit_of_work import UnitsOfWork

PATIENCE = timedelta(days=1)  # an acceptance is at most a long outage late
INTERVAL_SECONDS = 600
BATCH = 200

_log = structlog.get_logger(__name__)


class OrphanedReceipts:
    """Makes dead letters of parked receipts that belong to no attempt."""

    def __init__(self, units: UnitsOfWork, configuration: HeraldFile) -> None:
        self._units = units
        self._own_user = configuration.services.own_user
        self._ignoring = frozenset(
            name for name, account in configuration.accounts.items() if account.foreign == "ignore"
        )

    async def run(self) -> None:
        """Sweep every ten minutes until cancelled."""
        await Periodic("orphaned_receipts", self._sweep_now, INTERVAL_SECONDS).run()

    async def sweep(self, now: datetime) -> bool:
        """Give up what has waited too long; return whether more may wait."""
        async with self._units.begin(now) as unit:
            rows = await lock_orphaned(unit.connection, now - PATIENCE, BATCH)
            dead_letters = [one for row in rows for one in self._dead_letters(row)]
            unit.dead_letter(*dead_letters)
            if rows:
                await clear_parked(unit.connection, [row.key for row in rows])
        if dead_letters:
            _log.warning("orphaned_receipts.dead_lettered", receipts=len(dead_letters))
        for account, number in self._ignored(rows).items():
            metrics.FOREIGN_IGNORED.labels(account).inc(number)
        return len(rows) == BATCH

    async def _sweep_now(self) -> bool:
        return await self.sweep(self._units.now())

    def _dead_letters(self, row: ReferenceRow) -> Iterator[DeadLetter]:
        _, account, _ = row.key
        if account not in self._ignoring:
            for receipt in row.parked:
                yield dead_letter_from_receipt(receipt, "orphaned", self._own_user)
        yield from map(dead_letter_from_unreadable, row.unreadable)

    def _ignored(self, rows: Iterable[ReferenceRow]) -> Counter[str]:
        """Count by account the receipts of which no dead letter was made."""
        ignored: Counter[str] = Counter()
        for row in rows:
            _, account, _ = row.key
            if account in self._ignoring:
                ignored[account] += len(row.parked)
        return ignored
