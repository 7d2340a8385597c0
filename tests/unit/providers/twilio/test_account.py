"""A Twilio account serves SMS or WhatsApp, and what it says of itself follows."""

from __future__ import annotations

from typing import Any

import pytest

from herald.contracts.vocabulary import Receipts
from herald.providers.twilio.account import TwilioAccount

SERVICE = "MG" + "0" * 32


def account(**fields: Any) -> TwilioAccount:
    return TwilioAccount.model_validate(
        {"provider": "twilio", "account_sid": "AC" + "0" * 32, **fields}
    )


@pytest.mark.parametrize(
    ("fields", "receipts", "rate"),
    [
        ({}, Receipts.DELIVERED, 1.0),
        ({"channel": "whatsapp"}, Receipts.READ, 80.0),
        ({"channel": "whatsapp", "rate": "5/s"}, Receipts.READ, 5.0),
    ],
)
def test_facts_follow_the_channel(fields: dict[str, Any], receipts: Receipts, rate: float) -> None:
    """Carriers report delivery, WhatsApp reading; a rate that is given counts."""
    made = account(**fields)
    assert (made.receipts, made.rate) == (receipts, rate)


@pytest.mark.parametrize(
    ("fields", "sender", "can_send"),
    [
        ({}, None, True),
        ({}, "Herald", True),
        ({"channel": "whatsapp"}, "+15550001111", True),
        ({"channel": "whatsapp"}, "100000000000001", False),  # an id at Meta
        ({"channel": "whatsapp"}, None, False),
        ({"channel": "whatsapp", "messaging_service_sid": SERVICE}, None, True),
    ],
)
def test_who_it_can_send_as(fields: dict[str, Any], sender: str | None, *, can_send: bool) -> None:
    """WhatsApp goes from a number, or through a Messaging Service that chooses one."""
    assert account(**fields).sends_as(sender) is can_send
