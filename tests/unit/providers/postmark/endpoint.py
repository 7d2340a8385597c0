"""The endpoint that reads Postmark's golden payloads."""

from __future__ import annotations

from herald.providers.postmark.webhooks import PostmarkEndpoint

ENDPOINT = PostmarkEndpoint(account="postmark-main", logins=())
