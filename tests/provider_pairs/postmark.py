"""An account at Postmark, and the sandbox's server for it."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

TOKEN = "postmark-server-token"
LOGIN = "herald:postmark-webhook-password"
NAME = "postmark-email"


def pairs(places: Places) -> list[Pair]:
    """Return the one account."""
    return [
        Pair(
            name=NAME,
            channel="email",
            account={
                "provider": "postmark",
                "base_url": f"{places.sandbox_url}/postmark",
                "rate": "1000/s",
            },
            secrets={"server_token": TOKEN, "webhook_logins": [LOGIN]},
            part="postmark",
            sandbox={
                "server_token": TOKEN,
                "webhook_login": LOGIN,
                "webhook_url": f"{places.ingress_url}/webhooks/postmark/{NAME}",
            },
            sender="Herald <no-reply@example.com>",
        )
    ]
