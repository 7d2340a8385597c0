"""Templates for recipients who may get nothing else: which accounts can send one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from herald.contracts.content import Template
from herald.providers.account import Account


def why_unsayable_outside(template: Template, accounts: Iterable[Account]) -> str | None:
    """Say why no account of a step can send a template outside a window; None: one can."""
    windowed = [account for account in accounts if account.service_window is not None]
    if not windowed:
        return "no account of its step has a window"
    if any(account.holds(template.name) for account in windowed):
        return None
    providers = ", ".join(sorted({account.provider for account in windowed}))
    return f"no account of its step has a template of such a name ({providers})"


def holders(template: Template, accounts: Mapping[str, Account]) -> tuple[str, ...]:
    """Name the accounts that can send a template."""
    return tuple(name for name, account in accounts.items() if account.holds(template.name))
