"""News about accounts: told once to every tenant of the account."""

from __future__ import annotations

from collections.abc import Sequence

from herald.bus.outgoing_messages import OutgoingMessage
from herald.config.file import HeraldFile
from herald.contracts.receipts import AccountReceipt
from herald.database.pool import Connection
from router.outgoing.messages import account_event
from router.store.references import ReferenceKey, mark_seen

_PREFIX = "account:"  # among the provider's ids of messages


class AccountUpdates:
    """Knows who hears of each account."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._accounts = configuration.accounts

    async def take(
        self, connection: Connection, receipts: Sequence[AccountReceipt]
    ) -> tuple[list[OutgoingMessage], list[tuple[AccountReceipt, str]]]:
        """Mark news as seen; return events of what is new.

        Apart comes what is of an account that is not configured: nobody may hear of it.
        """
        by_key = {_key(receipt): receipt for receipt in receipts}
        if not by_key:
            return [], []
        events: list[OutgoingMessage] = []
        homeless: list[tuple[AccountReceipt, str]] = []
        for key in sorted(await mark_seen(connection, by_key)):
            receipt = by_key[key]
            account = self._accounts.get(receipt.account)
            if account is None:
                homeless.append((receipt, "unknown_account"))
            else:
                events += [account_event(receipt, tenant) for tenant in account.tenants]
        return events, homeless


def _key(receipt: AccountReceipt) -> ReferenceKey:
    return (receipt.provider, receipt.account, _PREFIX + receipt.event_key)
