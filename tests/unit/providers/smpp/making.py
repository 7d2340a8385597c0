"""Work for an SMS, and an account at an SMSC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from herald.contracts.work import Work
from herald.providers.smpp.account import SmppAccount

ATTEMPT = "00000000-0000-4000-8000-000000000001.0.1"
TO = "+15550001234"
SENDER = "+15559990000"


def account(**options: Any) -> SmppAccount:
    """Make an account's options."""
    fields = {"provider": "smpp", "host": "smsc.example.com", "system_id": "herald"}
    return SmppAccount.model_validate(fields | options)


def work(text: str = "Hello", **changes: Any) -> Work:
    """Make work that says a text, as it comes from the bus."""
    fields: dict[str, Any] = {
        "attempt_id": ATTEMPT,
        "message_id": ATTEMPT.partition(".")[0],
        "tenant": "default",
        "channel": "sms",
        "lane": "normal",
        "category": "transactional",
        "to": TO,
        "sender": SENDER,
        "content": {"text": text},
        "not_after": datetime(2030, 1, 1, tzinfo=UTC),
    }
    return Work.model_validate(fields | changes)
