"""The commands of a load: one step or several, on every channel and lane."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from uuid import uuid4

# what the sandbox does with numbers that end so; of a late one it reports seconds later
DELIVERED, DELIVERED_LATE, NOT_ON_WHATSAPP = "2222", "0015", "0002"
SILENT_ON_WHATSAPP = "0004"
URGENT, NORMAL, BULK = "message.send.urgent", "message.send", "message.send.bulk"
CATEGORIES = {URGENT: "otp", NORMAL: "transactional", BULK: "marketing"}
WHATSAPP_SMS, SMS_EMAIL = ("whatsapp", "sms"), ("sms", "email")
START_WITHIN = "3m"  # longer than any fault: who waits to start has not been silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command; published again it is the same bytes under the same message id."""

    id: str  # of the message it asks for
    message_id: str  # its own on the broker
    body: bytes = field(repr=False)
    routing_key: str = NORMAL


def mixed(
    number: int,
    *,
    fallback_after: str = "2s",
    start_within: str = "1m",
    delivered: str = DELIVERED,
) -> list[Command]:
    """Make commands of all kinds in turn, each with an id of its own.

    Some are delivered by WhatsApp, some by SMS, and some are refused by WhatsApp so that SMS
    delivers them. `delivered` is how the numbers end that are delivered to at once.
    `fallback_after` is longer than receipts take on a good day and shorter than the outage of the
    case, unless the case says why not.
    """
    kinds = (
        (delivered, ("whatsapp", "sms")),
        (delivered, ("sms",)),
        (NOT_ON_WHATSAPP, ("whatsapp", "sms")),
    )
    limits = {"fallback_after": fallback_after, "start_within": start_within}
    return [
        _command(index, digits, [{"channel": name, **limits} for name in channels])
        for index, (digits, channels) in enumerate(islice(cycle(kinds), number))
    ]


def varied(number: int, *, fallback_after: str, silent: bool = True) -> list[Command]:
    """Make commands of all lanes and channels in turn; many are reported delivered late.

    `silent`: one of a dozen is met with true silence on WhatsApp, so that silence must still be
    judged.
    """
    kinds: Sequence[tuple[str, Sequence[str], str]] = (
        (DELIVERED, WHATSAPP_SMS, NORMAL),
        (DELIVERED_LATE, SMS_EMAIL, URGENT),
        (NOT_ON_WHATSAPP, WHATSAPP_SMS, NORMAL),
        (DELIVERED_LATE, WHATSAPP_SMS, BULK),
        (DELIVERED, ("email",), BULK),
        (DELIVERED, (*WHATSAPP_SMS, "email"), URGENT),
        (DELIVERED_LATE, SMS_EMAIL, NORMAL),
        (DELIVERED_LATE, WHATSAPP_SMS, URGENT),
        (DELIVERED, SMS_EMAIL, BULK),
        (DELIVERED_LATE, WHATSAPP_SMS, NORMAL),
        (DELIVERED, ("sms",), URGENT),
        (SILENT_ON_WHATSAPP if silent else DELIVERED_LATE, WHATSAPP_SMS, NORMAL),
    )
    limits = {"fallback_after": fallback_after, "start_within": START_WITHIN}
    return [
        _command(index, digits, [_step(name, limits) for name in channels], routing_key=lane)
        for index, (digits, channels, lane) in enumerate(islice(cycle(kinds), number))
    ]


def on_one_channel(
    number: int, channel: str, *, ttl: str, account: str | None = None
) -> list[Command]:
    """Make commands of one step each, whose messages live for `ttl`."""
    step = {"channel": channel, **({"account": account} if account else {})}
    return [_command(index, DELIVERED, [step], ttl=ttl) for index in range(number)]


def _step(channel: str, limits: Mapping[str, str]) -> Mapping[str, str]:
    account = {"account": "sendgrid-main"} if channel == "email" else {}  # it reports deliveries
    return {"channel": channel, **account, **limits}


def _command(
    index: int,
    digits: str,
    steps: Sequence[Mapping[str, str]],
    *,
    routing_key: str = NORMAL,
    ttl: str | None = None,
) -> Command:
    name = str(uuid4())
    body = {
        "id": name,
        "idempotency_key": f"chaos-{name}",
        "to": {
            "phone": f"+1555{index % 1000:03}{digits}",
            "email": f"delivered+{index}@example.com",
        },
        "content": {"text": "Your parcel is on its way.", "subject": "Your parcel"},
        "route": {"steps": steps},
        "category": CATEGORIES[routing_key],
        **({"ttl": ttl} if ttl else {}),
    }
    return Command(
        id=name,
        message_id=str(uuid4()),
        body=json.dumps(body).encode(),
        routing_key=routing_key,
    )
