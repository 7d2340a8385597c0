"""Accounts for e-mail in the sandbox of a test."""

from __future__ import annotations

from typing import Any

MAILGUN = {
    "domain": "mg.example.com",
    "api_key": "mailgun-key",
    "signing_key": "mailgun-signing-key",
}


def mail_accounts(receiver_url: str) -> dict[str, Any]:
    """Return the parts of sandbox.toml for them."""
    return {"mailgun": {"main": {**MAILGUN, "webhook_url": f"{receiver_url}/mailgun"}}}
