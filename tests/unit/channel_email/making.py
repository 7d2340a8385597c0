"""Work for e-mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from herald.contracts.work import Work

ATTEMPT = "00000000-0000-4000-8000-000000000001.0.1"
TO = "ada@example.org"
SENDER = "Herald <no-reply@example.com>"
TEXT = {"subject": "Your code", "text": "The code is 4711"}


def work(content: dict[str, Any] = TEXT, **changes: Any) -> Work:
    """Make work that says `content`, as it comes from the bus."""
    fields: dict[str, Any] = {
        "attempt_id": ATTEMPT,
        "message_id": ATTEMPT.partition(".")[0],
        "tenant": "default",
        "channel": "email",
        "lane": "normal",
        "category": "transactional",
        "to": TO,
        "sender": SENDER,
        "content": content,
        "not_after": datetime(2030, 1, 1, tzinfo=UTC),
    }
    return Work.model_validate(fields | changes)
