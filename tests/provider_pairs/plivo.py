"""SMS by Plivo, whose profile ships with Herald."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

AUTH_ID = "MAPAIRPAIRPAIRPAIR00"
TOKEN = "pair-plivo-token"


def pairs(places: Places) -> list[Pair]:
    """Return one account."""
    name = "plivo-sms"
    return [
        Pair(
            name=name,
            channel="sms",
            account={
                "provider": "http",
                "profile": "plivo",
                "auth_id": AUTH_ID,
                "base_url": f"{places.sandbox_url}/plivo",
                "rate": "1000/s",
            },
            secrets={"auth_tokens": [TOKEN]},
            part="plivo",
            sandbox={
                "auth_id": AUTH_ID,
                "auth_token": TOKEN,
                "inbound_url": f"{places.ingress_url}/webhooks/plivo/{name}",
            },
            sender="+15550001111",
        )
    ]
