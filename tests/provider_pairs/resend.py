"""A team at Resend, and the sandbox's side of it."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

API_KEY = "re_resend-api-key"
WEBHOOK_SECRET = "whsec_cmVzZW5kLXdlYmhvb2stc2VjcmV0LTEyMw=="
NAME = "resend-email"


def pairs(places: Places) -> list[Pair]:
    """Return the one account."""
    return [
        Pair(
            name=NAME,
            channel="email",
            account={"provider": "resend", "base_url": f"{places.sandbox_url}/resend"},
            secrets={"api_key": API_KEY, "webhook_secrets": [WEBHOOK_SECRET]},
            part="resend",
            sandbox={
                "api_key": API_KEY,
                "webhook_secret": WEBHOOK_SECRET,
                "webhook_url": f"{places.ingress_url}/webhooks/resend/{NAME}",
            },
            sender="Herald <no-reply@example.com>",
        )
    ]
