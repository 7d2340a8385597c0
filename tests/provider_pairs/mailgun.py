"""A domain at Mailgun, and the sandbox's side of it."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

DOMAIN = "mg.example.com"
API_KEY = "mailgun-api-key"
SIGNING_KEY = "mailgun-signing-key"
NAME = "mailgun-email"


def pairs(places: Places) -> list[Pair]:
    """Return the one account."""
    return [
        Pair(
            name=NAME,
            channel="email",
            account={
                "provider": "mailgun",
                "domain": DOMAIN,
                "base_url": f"{places.sandbox_url}/mailgun",
            },
            secrets={"api_key": API_KEY, "webhook_signing_keys": [SIGNING_KEY]},
            part="mailgun",
            sandbox={
                "domain": DOMAIN,
                "api_key": API_KEY,
                "signing_key": SIGNING_KEY,
                "webhook_url": f"{places.ingress_url}/webhooks/mailgun/{NAME}",
            },
            sender="Herald <no-reply@example.com>",
        )
    ]
