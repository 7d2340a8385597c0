"""Webhook requests as their providers made them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from herald.providers.webhook_requests import WebhookRequest


class Requests:
    """Makes requests to a public base URL."""

    def __init__(self, public_base_url: str) -> None:
        self._base_url = public_base_url.rstrip("/")

    def request(
        self, method: str, path: bytes, query: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> WebhookRequest:
        """Make one that came just now; path and query as they were sent."""
        target = path + b"?" + query if query else path
        return WebhookRequest(
            method=method,
            # the public URL, never the Host header: that is the caller's to choose
            url=self._base_url + target.decode("latin-1"),
            query=query,
            headers=headers,
            body=body,
            received_at=datetime.now(UTC),
        )
