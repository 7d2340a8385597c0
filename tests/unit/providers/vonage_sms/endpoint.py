"""The endpoint that reads the golden payloads of Vonage's SMS API."""

from __future__ import annotations

from datetime import timedelta

from herald.providers.vonage_sms.webhooks import VonageSmsEndpoint

ENDPOINT = VonageSmsEndpoint(
    account="vonage-main",
    signature_secrets=(b"signature-secret",),
    tokens=(),
    method="sha256",
    window=timedelta(minutes=5),
    owners={"abcd1234": "vonage-main", "efgh5678": "vonage-other"},
)
