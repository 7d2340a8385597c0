"""Templates for recipients who may get nothing else: which accounts can send one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from herald.contracts.content import Template
from herald.providers.account import Account


def why_unsayable_outside(template: Template, accounts: Sequence[Account]) -> str | None:
    """Say why the accounts of a step can't send a template outside a window; None: they can.

    Any of them may be chosen, so all must hold it.
    """
    if not any(account.service_window is not None for account in accounts):
        return "no account of its step has a window"
    lacking = next((it for it in accounts if not it.holds(template.name)), None)
    return f"{lacking.provider} has no template of such a name" if lacking is not None else None
