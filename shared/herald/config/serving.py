"""Which accounts may serve a step of a tenant: found by channel and tenant, however many there are.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from herald.providers.account import Account


class ServedStep(Protocol):
    """A step, as far as it says who may serve it."""

    @property
    def channel(self) -> str: ...

    @property
    def account(self) -> str | None: ...


class AccountIndex:
    """Accounts by the channel and the tenants that they serve, in the order of their table."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._found: dict[tuple[str, str], dict[str, Account]] = {}
        for name, account in accounts.items():
            for tenant in account.tenants:
                self._found.setdefault((account.channel, tenant), {})[name] = account

    def serving(
        self, step: ServedStep, tenant: str, address: str | None = None
    ) -> dict[str, Account]:
        """Return the accounts that a tenant's step may use, for an address if one is given."""
        return {
            name: account
            for name, account in self._found.get((step.channel, tenant), {}).items()
            if step.account in {None, name}
            and (address is None or account.nearness(address) is not None)
        }
