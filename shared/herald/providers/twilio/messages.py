"""What Twilio's statuses and inbound messages have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from herald.providers.lenient_json import reference, text

NAME = "twilio"

Fields = Mapping[str, Any]

# by the network in front of an address: `whatsapp:+1555...`; the address of an SMS has none
CHANNELS: dict[str, str] = {"": "sms", "whatsapp": "whatsapp"}


def of_channel(accounts: Mapping[str, str], network: str) -> tuple[str, str | None]:
    """Return the channel of a network, empty where it is none, and the account that serves it."""
    channel = CHANNELS.get(network, "")
    return channel, accounts.get(channel)


def network_of(fields: Fields) -> str:
    """Return the network that an outbound message went over."""
    networks = (address_of(text(fields, key))[0] for key in ("From", "To"))
    return next(filter(None, networks), "")


def address_of(given: str | None) -> tuple[str, str | None]:
    """Part an address into its network and itself; that of an SMS has no network."""
    network, colon, address = (given or "").rpartition(":")
    return (network if colon else ""), address or None


def message_id(fields: Fields) -> str:
    """Require the id of a message."""
    key = next((key for key in ("MessageSid", "SmsSid") if text(fields, key)), "SmsMessageSid")
    return reference(fields, key)
