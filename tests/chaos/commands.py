"""The commands of a load: some by SMS only, some by WhatsApp with SMS to fall back on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from uuid import uuid4

DELIVERED, NOT_ON_WHATSAPP = "2222", "0002"  # what the sandbox does with numbers that end so


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command; published again it is the same bytes under the same message id."""

    id: str  # of the message it asks for
    message_id: str  # its own on the broker
    body: bytes = field(repr=False)
    uses_whatsapp: bool
    uses_sms: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What a load consists of.

    `fallback_after` is longer than receipts take on a good day and shorter than the outage of the
    case, unless the case says why not. `ttl` bounds the life of what goes by SMS where the case
    loses callbacks that Twilio does not repeat.
    """

    fallback_after: str = "2s"
    sms: bool = True
    ttl: str | None = None

    def commands(self, number: int) -> list[Command]:
        """Make commands of all kinds in turn, each with an id of its own."""
        kinds = [self._delivered_by_whatsapp]
        if self.sms:
            kinds += [self._sms_only, self._refused_by_whatsapp]
        return [make(index) for index, make in enumerate(islice(cycle(kinds), number))]

    def _delivered_by_whatsapp(self, index: int) -> Command:
        return self._command(index, DELIVERED, ("whatsapp", "sms"), used=("whatsapp",))

    def _refused_by_whatsapp(self, index: int) -> Command:
        return self._command(index, NOT_ON_WHATSAPP, ("whatsapp", "sms"), used=("whatsapp", "sms"))

    def _sms_only(self, index: int) -> Command:
        return self._command(index, DELIVERED, ("sms",), used=("sms",))

    def _command(
        self, index: int, digits: str, route: Sequence[str], *, used: Sequence[str]
    ) -> Command:
        name = str(uuid4())
        body: dict[str, object] = {
            "id": name,
            "idempotency_key": f"chaos-{name}",
            "to": {"phone": f"+1555{index % 1000:03}{digits}"},
            "content": {"text": "Your parcel is on its way."},
            "route": {
                "steps": [{"channel": c, "fallback_after": self.fallback_after} for c in route]
            },
        }
        if self.ttl is not None and "sms" in used:
            body["ttl"] = self.ttl
        return Command(
            id=name,
            message_id=str(uuid4()),
            body=json.dumps(body).encode(),
            uses_whatsapp="whatsapp" in used,
            uses_sms="sms" in used,
        )
