"""The endpoint that reads Mailgun's golden payloads."""

from __future__ import annotations

from herald.providers.mailgun.webhooks import MailgunEndpoint

ENDPOINT = MailgunEndpoint(account="mailgun-main", keys=())
