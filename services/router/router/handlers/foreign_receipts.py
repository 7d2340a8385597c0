"""Which receipts are not their reporter's to give: by its account, or by its broker user."""

from __future__ import annotations

import structlog

from herald.config.file import HeraldFile
from herald.contracts.receipts import AttemptReceipt, PlannedReceipt, Pulse, Receipt
from router import metrics
from router.core.facts import Fact, ReceiptArrived
from router.core.message import Attempt, Message

FOREIGN_USER = "foreign_user"  # the reason of a dead letter that a wrong broker user published
_MOST_NAMED = 100

_log = structlog.get_logger(__name__)


class Ownership:
    """Knows which accounts may report on which attempts."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._accounts = configuration.accounts
        self._missing: set[str] = set()

    def why_foreign(self, message: Message, fact: Fact) -> str | None:
        """Say why a receipt must not touch a message; None where it may."""
        if not isinstance(fact, ReceiptArrived):
            return None
        attempt = message.find(fact.attempt)
        if attempt is None:
            return "unknown_attempt"
        return None if self._may_report(message, attempt, fact.receipt) else "foreign_receipt"

    def _may_report(self, message: Message, attempt: Attempt, receipt: AttemptReceipt) -> bool:
        """Whether the receipt's account may report on the attempt.

        The attempt's own may; while that is unknown, any account that serves the tenant on the
        attempt's channel. A worker reports on its own channel's attempts only.
        """
        if receipt.recipient is not None:
            return receipt.source == "webhook"  # ingress has verified the link's signature
        by_worker = receipt.source == "channel"
        if by_worker and receipt.channel != attempt.channel:
            return False
        if by_worker and not receipt.account:
            return True  # it failed before an account was chosen
        if attempt.account:
            return (attempt.provider, attempt.account) == (receipt.provider, receipt.account)
        account = self._accounts.get(receipt.account)
        if account is None and by_worker:
            self._note_missing(receipt.account)
            return True
        return (
            account is not None
            and account.provider == receipt.provider
            and account.channel == attempt.channel
            and message.tenant in account.tenants
        )

    def _note_missing(self, name: str) -> None:
        """Say once that a worker has a configuration that this router has not got yet."""
        if name not in self._missing:
            self._missing.add(name)
            _log.warning("receipts.account_not_configured", account=name)


class ForeignUsers:
    """Broker users that report what they may not: counted, and each named once in the log."""

    def __init__(self) -> None:
        self._named: set[tuple[str, str | None]] = set()

    def note(self, user: str | None, receipt: Receipt | PlannedReceipt | Pulse) -> None:
        """Count a report; log the first of a user's."""
        source = getattr(receipt, "source", "webhook")  # webhooks bring what names none
        metrics.REPORTS_REFUSED.labels(source).inc()
        if (source, user) not in self._named and len(self._named) < _MOST_NAMED:
            self._named.add((source, user))
            _log.warning("receipts.foreign_user", user=user, source=source)
