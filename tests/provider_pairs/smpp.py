"""SMS by SMPP."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places

SYSTEM_ID, PASSWORD = "herald", "pair-password"


def pairs(places: Places) -> list[Pair]:
    """Return an account at an SMSC that writes ids in two ways, and repeats our references."""
    name = "smpp-sms"
    return [
        Pair(
            name=name,
            channel="sms",
            account={
                "provider": "smpp",
                "host": "127.0.0.1",
                "port": places.smpp_port or 2775,
                "security": "none",
                "system_id": SYSTEM_ID,
                "response_ids": "hex",
                "receipt_ids": "decimal",
                "user_reference": True,
                "rate": "1000/s",
            },
            secrets={"password": PASSWORD},
            part="smpp",
            sandbox={
                "port": places.smpp_port or 2775,
                "system_id": SYSTEM_ID,
                "password": PASSWORD,
                "response_ids": "hex",
                "receipts": "both",
            },
            sender="Herald",
        )
    ]
