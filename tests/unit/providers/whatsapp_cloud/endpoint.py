"""The endpoint that reads the WhatsApp Cloud API's golden payloads."""

from __future__ import annotations

from typing import Any

from herald.providers.whatsapp_cloud.webhooks import WhatsAppCloudEndpoint

ENDPOINT = WhatsAppCloudEndpoint(
    account="wa-main",
    app_secrets=(b"secret",),
    verify_token=b"token",
    owners={"100000000000001": "wa-main", "100000000000002": "wa-second"},
    businesses={
        "200000000000001": ("wa-main", "wa-second"),
        "200000000000002": ("wa-second",),
    },
)


def batch(bad: Any) -> tuple[Any, Any]:
    """Return a body with anything at all between two good elements, and the good one."""
    good = {"id": "wamid.A", "status": "delivered", "timestamp": "1768824000"}
    value = {"metadata": {"phone_number_id": "100000000000001"}, "statuses": [good, bad, good]}
    return {"entry": [{"changes": [{"field": "messages", "value": value}]}]}, good
