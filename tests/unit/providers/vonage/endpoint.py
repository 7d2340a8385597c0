"""The endpoint that reads the golden payloads of Vonage's Messages API."""

from __future__ import annotations

from datetime import timedelta

from herald.providers.vonage.webhooks import VonageEndpoint

ENDPOINT = VonageEndpoint(
    account="vonage-sms",
    secrets=(b"signature-secret",),
    window=timedelta(minutes=5),
    owners={"sms": "vonage-sms", "whatsapp": "vonage-wa"},
)
