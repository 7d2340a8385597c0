"""The sandbox's side of accounts at providers of SMS by HTTP."""

from __future__ import annotations

from typing import Any

from unit.providers.vonage.making import APPLICATION, public_pem

SIGNATURE_SECRET = "signature-secret-of-the-account."
MESSAGEBIRD: dict[str, Any] = {  # its secrets file
    "access_key": "access-key",
    "signing_keys": ["signing-key-of-the-account-......"],
}


def sms_accounts(receiver_url: str) -> dict[str, Any]:
    """Return parts of sandbox.toml; `receiver_url` is the customer's."""
    return {
        "messagebird": {
            "main": {
                "access_key": MESSAGEBIRD["access_key"],
                "signing_key": MESSAGEBIRD["signing_keys"][0],
                "webhook_url": f"{receiver_url}/messagebird",
            }
        },
        "vonage": {
            "main": {
                "application_id": APPLICATION,
                "public_key": public_pem(),
                "api_key": "key9",
                "api_secret": "api-secret",
                "signature_secret": SIGNATURE_SECRET,
                "webhook_url": f"{receiver_url}/vonage",
            }
        },
        "vonage_sms": {  # one for each way to call a webhook
            f"main-{method.lower()}": {
                "api_key": f"key{number}",
                "api_secret": "api-secret",
                "signature_secret": "signature-secret",
                "webhook_method": method,
                "webhook_url": f"{receiver_url}/vonage_sms",
            }
            for number, method in enumerate(("POST", "GET", "POST-JSON"))
        },
    }
