"""The endpoint that reads MessageBird's golden payloads."""

from __future__ import annotations

from herald.providers.messagebird.webhooks import MessageBirdEndpoint

ENDPOINT = MessageBirdEndpoint(account="messagebird-main", keys=(b"signing-key",))
