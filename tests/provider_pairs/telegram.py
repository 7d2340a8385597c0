"""Telegram: a channel of its own, by a profile that ships with Herald."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

BOT_TOKEN, SECRET = "1000000000:pair-bot-token", "pair-secret-token"


def pairs(places: Places) -> list[Pair]:
    """Return one bot."""
    name = "telegram"
    return [
        Pair(
            name=name,
            channel="telegram",
            account={
                "provider": "http",
                "profile": "telegram",
                "base_url": f"{places.sandbox_url}/telegram",
                "rate": "1000/s",
            },
            secrets={"bot_token": BOT_TOKEN, "webhook_secrets": [SECRET]},
            part="telegram",
            sandbox={
                "bot_token": BOT_TOKEN,
                "secret_token": SECRET,
                "webhook_url": f"{places.ingress_url}/webhooks/telegram/{name}",
            },
        )
    ]
