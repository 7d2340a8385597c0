"""SMS by MessageBird."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places


def pairs(places: Places) -> list[Pair]:
    """Return the only one."""
    access, signing = "messagebird-access-key", "messagebird-signing-key-of-the-account"
    return [
        Pair(
            name="messagebird-sms",
            channel="sms",
            account={
                "provider": "messagebird",
                "base_url": f"{places.sandbox_url}/messagebird",
                "rate": "1000/s",
            },
            secrets={"access_key": access, "signing_keys": [signing]},
            part="messagebird",
            sandbox={
                "access_key": access,
                "signing_key": signing,
                "webhook_url": f"{places.ingress_url}/webhooks/messagebird/messagebird-sms",
            },
            sender="+15550001111",
        )
    ]
