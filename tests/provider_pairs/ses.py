"""An account at Amazon SES, and the sandbox's account with its topic for it."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "ses-secret-access-key"}
REGION = "eu-central-1"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:herald"
NAME = "ses-email"


def pairs(places: Places) -> list[Pair]:
    """Return the one account; its events are signed with a certificate of the sandbox's own."""
    own_url = f"{places.sandbox_url}/ses"
    return [
        Pair(
            name=NAME,
            channel="email",
            account={
                "provider": "ses",
                "region": REGION,
                "base_url": own_url,
                "topics": [TOPIC],
                "sns_url": own_url,
                "rate": "1000/s",
            },
            secrets=KEYS,
            part="ses",
            sandbox={
                **KEYS,
                "region": REGION,
                "topic": TOPIC,
                "own_url": own_url,
                "webhook_url": f"{places.ingress_url}/webhooks/ses/{NAME}",
            },
            sender="Herald <no-reply@example.com>",
        )
    ]
