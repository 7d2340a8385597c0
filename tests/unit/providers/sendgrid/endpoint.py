"""The endpoint that reads SendGrid's golden payloads."""

from __future__ import annotations

from typing import Any

from herald.providers.sendgrid.webhooks import SendGridEndpoint

ENDPOINT = SendGridEndpoint(account="sendgrid-main", keys=())


def batch(bad: Any) -> tuple[Any, Any]:
    """Return a body with anything at all between two good elements, and the good one."""
    good = {"event": "delivered", "sg_message_id": "a.b", "sg_event_id": "1"}
    return [good, bad, good], good
