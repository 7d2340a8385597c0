"""The endpoint that reads Resend's golden payloads."""

from __future__ import annotations

from herald.providers.resend.webhooks import ResendEndpoint

ENDPOINT = ResendEndpoint(account="resend-main", keys=())
