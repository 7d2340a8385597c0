"""What ingress sets aside of a webhook."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic_core import from_json

from herald.providers.lenient_json import Reason
from herald.providers.webhook_endpoints import NotUnderstood
from ingress.quarantine import MAX_QUARANTINED_BYTES, quarantine_message


def test_of_an_element_that_is_too_large_its_start_is_kept() -> None:
    """Enough to see what it was, and its size; nobody's webhooks fill a disk."""
    item = NotUnderstood(reason=next(iter(Reason)), element="x" * MAX_QUARANTINED_BYTES)
    message = quarantine_message(item, provider="p", account="a", received_at=datetime.now(UTC))
    kept = from_json(message.body)["element"]
    assert (kept["truncated"], kept["bytes"]) == (True, MAX_QUARANTINED_BYTES + 2)
    assert 4000 < len(kept["start"]) < 4200
