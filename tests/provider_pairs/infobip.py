"""SMS by Infobip, whose profile ships with Herald."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

KEY, USERNAME, PASSWORD = "pair-infobip-key", "pair", "pair-infobip-password"


def pairs(places: Places) -> list[Pair]:
    """Return one account."""
    name = "infobip-sms"
    return [
        Pair(
            name=name,
            channel="sms",
            account={
                "provider": "http",
                "profile": "infobip",
                "base": "pair00",
                "base_url": f"{places.sandbox_url}/infobip",
                "rate": "1000/s",
            },
            secrets={
                "api_key": KEY,
                "callback_username": USERNAME,
                "callback_passwords": [PASSWORD],
            },
            part="infobip",
            sandbox={
                "api_key": KEY,
                "callback_username": USERNAME,
                "callback_password": PASSWORD,
                "inbound_url": f"{places.ingress_url}/webhooks/infobip/{name}",
            },
            sender="+15550001111",
        )
    ]
