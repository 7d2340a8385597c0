"""SMS by Vonage's SMS API, signed both ways."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places


def pairs(places: Places) -> list[Pair]:
    """Return the only one."""
    secret = "vonage-signature-secret"
    return [
        Pair(
            name="vonage-sms",
            channel="sms",
            account={
                "provider": "vonage_sms",
                "api_key": "abcd1234",
                "base_url": f"{places.sandbox_url}/vonage_sms",
                "rate": "1000/s",
            },
            secrets={"api_secret": "vonage-api-secret", "signature_secrets": [secret]},
            part="vonage_sms",
            sandbox={
                "api_key": "abcd1234",
                "api_secret": "vonage-api-secret",
                "signature_secret": secret,
                "webhook_url": f"{places.ingress_url}/webhooks/vonage_sms/vonage-sms",
            },
            sender="+15550001111",
        )
    ]
