"""What recipients sent: kept once, and published to the first tenant of the account it came to."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from herald.config.file import HeraldFile
from herald.contracts.receipts import InboundReceipt
from herald.database.pool import Connection
from router import metrics
from router.core.consent import ConsentChange
from router.core.inbound_consent import changes_asked
from router.counting import account_labels
from router.handlers.answered import answered_attempts, quotes
from router.outgoing.provider_news import inbound_event, inbound_event_id
from router.store.inbound import InboundRow, find_latest, keep_inbound
from router.store.references import ReferenceKey
from router.unit_of_work import UnitOfWork


class InboundMessages:
    """Knows whose each account's inbound messages are."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration

    async def apply(
        self, unit: UnitOfWork, receipts: Sequence[InboundReceipt]
    ) -> list[tuple[InboundReceipt, str]]:
        """Keep recipients' messages and publish those that are new.

        Returns those to an account that is not configured: no tenant may see them.
        """
        rows = {row.key: row for row in map(self._row, receipts)}
        if not rows:
            return []
        new = await keep_inbound(unit.connection, list(rows.values()))
        answered = await answered_attempts(unit.connection, [rows[key] for key in new])
        latest = await _latest(unit.connection, [rows[key] for key in new])
        unknown: list[tuple[InboundReceipt, str]] = []
        for key, row in rows.items():
            receipt = row.receipt
            is_new = str(key in new).lower()
            channel, _, account = account_labels(receipt)
            unit.after_commit(metrics.INBOUND.labels(channel, account, is_new).inc)
            if row.tenant is None:
                unknown.append((receipt, "unknown_account"))
            elif key in new:
                unit.consent += self._consent(receipt)
                trace = unit.traces.news(receipt) if unit.traces is not None else None
                event = inbound_event(
                    receipt,
                    row.tenant,
                    answered.get(key),
                    trace,
                    latest=latest.get(key),
                    raw=self._wants_raw(row.tenant),
                )
                unit.publish(event)
        return unknown

    def _row(self, receipt: InboundReceipt) -> InboundRow:
        account = self._configuration.accounts.get(receipt.account)
        return InboundRow(
            id=UUID(inbound_event_id(receipt)),
            tenant=None if account is None else account.tenants[0],
            receipt=receipt,
        )

    def _consent(self, receipt: InboundReceipt) -> list[ConsentChange]:
        """Return what a message changes of consent, for every tenant of the account it came to.

        All of them write from there, and the recipient knows no tenants.
        """
        account = self._configuration.accounts[receipt.account]
        return changes_asked(receipt, account.tenants, self._configuration.consent)

    def _wants_raw(self, tenant: str) -> bool:
        return self._configuration.tenants[tenant].raw


async def _latest(connection: Connection, rows: Sequence[InboundRow]) -> dict[ReferenceKey, str]:
    """Find what those may mean who quote nothing."""
    asked = [
        (row.tenant, row.receipt)
        for row in rows
        if row.tenant is not None and not quotes(row.receipt) and row.receipt.group is None
    ]
    return await find_latest(connection, asked) if asked else {}
