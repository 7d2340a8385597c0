"""Twilio's SMS and WhatsApp."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

SIDS = {"sms": "AC" + "1" * 32, "whatsapp": "AC" + "2" * 32}
TOKEN = "pair-auth-token"


def pairs(places: Places) -> list[Pair]:
    """Return an account for each channel."""
    return [_pair(places, channel) for channel in SIDS]


def _pair(places: Places, channel: str) -> Pair:
    name = f"twilio-{channel}"
    account = {
        "provider": "twilio",
        "channel": channel,
        "account_sid": SIDS[channel],
        "base_url": f"{places.sandbox_url}/twilio",
        "rate": "1000/s",
    }
    if channel == "whatsapp":
        account["text_outside_window"] = "send"
    return Pair(
        name=name,
        channel=channel,
        account=account,
        secrets={"auth_tokens": [TOKEN]},
        part="twilio",
        sandbox={
            "account_sid": SIDS[channel],
            "auth_token": TOKEN,
            "inbound_url": f"{places.ingress_url}/webhooks/twilio/{name}",
        },
        sender="+15550001111",
    )
