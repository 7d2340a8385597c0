"""The commands of a load: some by SMS only, some by WhatsApp with SMS to fall back on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from uuid import uuid4

# what the sandbox does with numbers that end so; of a late one it tells seconds later
DELIVERED, DELIVERED_LATE, NOT_ON_WHATSAPP = "2222", "0015", "0002"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command; published again it is the same bytes under the same message id."""

    id: str  # of the message it asks for
    message_id: str  # its own on the broker
    body: bytes = field(repr=False)


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


def _command(index: int, digits: str, steps: Sequence[Mapping[str, str]]) -> Command:
    name = str(uuid4())
    body = {
        "id": name,
        "idempotency_key": f"chaos-{name}",
        "to": {"phone": f"+1555{index % 1000:03}{digits}"},
        "content": {"text": "Your parcel is on its way."},
        "route": {"steps": steps},
    }
    return Command(id=name, message_id=str(uuid4()), body=json.dumps(body).encode())
