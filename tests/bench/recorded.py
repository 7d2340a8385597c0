"""A message as the router gets it, for the bench of the bus kit."""

from __future__ import annotations

from datetime import UTC, datetime

from pamqp.commands import Basic

BODY = b'{"text": "%s"}' % (b"x" * 700)
PROPERTIES = Basic.Properties(
    content_type="application/json",
    correlation_id="0197a3de-5b1c-7c2e-9d7a-0242ac120002",
    message_id="0197a3de-5b1c-7c2e-9d7a-0242ac120003",
    timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    message_type="send_message",
    user_id="herald-producer",
    app_id="producer",
    delivery_mode=2,
)
