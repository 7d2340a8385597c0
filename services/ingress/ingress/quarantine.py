"""What ingress publishes for the operator: what it could not read."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.identifiers import amqp_message_id
from herald.contracts.topology import DEAD, QUARANTINE_KEY
from herald.providers.lenient_json import Reason
from herald.providers.webhook_endpoints import NotUnderstood

QUARANTINE_TYPE = "herald.quarantine.v1"
MAX_QUARANTINED_BYTES = 1024 * 1024  # as much as the router keeps of a dead letter
_START_BYTES = 4096


class Quarantined(BaseModel):
    """An authentic, well-formed piece of a webhook that could not be read, as it came."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    provider: str
    account: str  # whose URL was called
    reason: Reason
    received_at: datetime
    element: Any  # the piece; the whole body as text where nothing of it could be read


def quarantine_message(
    item: NotUnderstood, *, provider: str, account: str, received_at: datetime
) -> OutgoingMessage:
    """Set an element aside. The same one twice has the same message id."""
    encoded = to_json(item.element)
    element = item.element if len(encoded) <= MAX_QUARANTINED_BYTES else _beginning(encoded)
    piece = Quarantined(
        provider=provider,
        account=account,
        reason=item.reason,
        received_at=received_at,
        element=element,
    )
    digest = hashlib.sha256(encoded).hexdigest()
    return OutgoingMessage(
        exchange=DEAD,
        routing_key=QUARANTINE_KEY,
        body=piece.model_dump_json().encode(),
        message_id=amqp_message_id("quarantine", provider, account, item.reason, digest),
        type=QUARANTINE_TYPE,
        headers={"provider": provider, "account": account, "reason": item.reason.value},
    )


def _beginning(encoded: bytes) -> dict[str, Any]:
    start = encoded[:_START_BYTES].decode(errors="replace")
    return {"truncated": True, "bytes": len(encoded), "start": start}
