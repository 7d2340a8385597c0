"""SMS by Sinch, whose profile ships with Herald."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

PLAN, TOKEN = "pair-service-plan", "pair-sinch-token"
USERNAME, PASSWORD = "pair", "pair-sinch-password"


def pairs(places: Places) -> list[Pair]:
    """Return one account."""
    name = "sinch-sms"
    return [
        Pair(
            name=name,
            channel="sms",
            account={
                "provider": "http",
                "profile": "sinch",
                "service_plan_id": PLAN,
                "base_url": f"{places.sandbox_url}/sinch",
                "rate": "1000/s",
            },
            secrets={
                "api_token": TOKEN,
                "callback_username": USERNAME,
                "callback_passwords": [PASSWORD],
            },
            part="sinch",
            sandbox={
                "service_plan_id": PLAN,
                "api_token": TOKEN,
                "callback_username": USERNAME,
                "callback_password": PASSWORD,
                "inbound_url": f"{places.ingress_url}/webhooks/sinch/{name}",
            },
            sender="+15550001111",
        )
    ]
