"""A number at Meta's WhatsApp Cloud API, and the sandbox's."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

NAME = "whatsapp-cloud"
NUMBER_ID = "109999999999991"
BUSINESS_ID = "209999999999991"
TOKEN = "pair-access-token"
APP_SECRET = "pair-app-secret"


def pairs(places: Places) -> list[Pair]:
    """Return the one number."""
    return [
        Pair(
            name=NAME,
            channel="whatsapp",
            account={
                "provider": "whatsapp_cloud",
                "phone_number_id": NUMBER_ID,
                "business_account_id": BUSINESS_ID,
                "base_url": f"{places.sandbox_url}/whatsapp_cloud",
                "text_outside_window": "send",
                "rate": "1000/s",
            },
            secrets={
                "access_token": TOKEN,
                "app_secrets": [APP_SECRET],
                "verify_token": "pair-verify-token",
            },
            part="whatsapp_cloud",
            sandbox={
                "phone_number_id": NUMBER_ID,
                "waba_id": BUSINESS_ID,
                "display_phone_number": "15559999991",
                "access_token": TOKEN,
                "app_secret": APP_SECRET,
                "webhook_url": f"{places.ingress_url}/webhooks/whatsapp_cloud/{NAME}",
            },
        )
    ]
