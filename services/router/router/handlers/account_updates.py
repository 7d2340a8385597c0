"""News about accounts: published once to every tenant of the account."""

from __future__ import annotations

from collections.abc import Sequence

from herald.config.file import HeraldFile
from herald.contracts.receipts import AccountReceipt
from router.outgoing.provider_news import account_event
from router.store.references import ReferenceKey, mark_seen
from router.unit_of_work import UnitOfWork

_PREFIX = "account:"  # among the provider's ids of messages


class AccountUpdates:
    """Knows the tenants of each account."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._accounts = configuration.accounts

    async def apply(
        self, unit: UnitOfWork, receipts: Sequence[AccountReceipt]
    ) -> list[tuple[AccountReceipt, str]]:
        """Mark news as seen and publish what is new.

        Returns what is of an account that is not configured: no tenant may see it.
        """
        by_key = {_key(it): it for it in receipts if it.account in self._accounts}
        new = await mark_seen(unit.connection, by_key) if by_key else ()
        for key in sorted(new):
            receipt = by_key[key]
            tenants = self._accounts[receipt.account].tenants
            trace = unit.traces.news(receipt) if unit.traces is not None else None
            unit.publish(*(account_event(receipt, tenant, trace) for tenant in tenants))
        # not marked: it is new once it is somebody's, and its dead letter is replayed
        unknown = {_key(it): it for it in receipts if it.account not in self._accounts}
        return [(receipt, "unknown_account") for receipt in unknown.values()]


def _key(receipt: AccountReceipt) -> ReferenceKey:
    return (receipt.provider, receipt.account, _PREFIX + receipt.event_key)
