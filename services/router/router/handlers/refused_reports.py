"""Reports by broker users who may not give them: counted, and each user named once in the log."""

from __future__ import annotations

import structlog

from herald.contracts.receipts import AttemptReceipt, Pulse, Receipt
from router import metrics

FOREIGN_USER = "foreign_user"  # the reason of their dead letters
_MOST_NAMED = 100

_log = structlog.get_logger(__name__)


class RefusedReports:
    """What is told of refused reports."""

    def __init__(self) -> None:
        self._named: set[tuple[str, str | None]] = set()

    def note(self, user: str | None, receipt: Receipt | Pulse) -> None:
        """Count a report; log the first of a user's."""
        source = receipt.source if isinstance(receipt, AttemptReceipt | Pulse) else "webhook"
        metrics.REPORTS_REFUSED.labels(source).inc()
        if (source, user) not in self._named and len(self._named) < _MOST_NAMED:
            self._named.add((source, user))
            _log.warning("receipts.foreign_user", user=user, source=source)
