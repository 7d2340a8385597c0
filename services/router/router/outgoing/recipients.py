"""News about recipients: who gets no more messages, and who gets them again. Pure."""

from __future__ import annotations

from datetime import datetime

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.events import RecipientData, RecipientEvent, event_type
from herald.contracts.identifiers import event_id_for
from herald.contracts.masking import shown_hash
from herald.contracts.topology import recipient_event_key
from herald.contracts.vocabulary import Category
from router.core.consent import ConsentChange, Suppression
from router.outgoing.events import event_message


def recipient_event(
    change: ConsentChange, changed: Suppression, now: datetime, correlation_id: str | None = None
) -> OutgoingMessage:
    """Say that a recipient gets no more messages, or gets them again."""
    data = RecipientData(
        tenant=change.tenant,
        address=change.address,
        address_hash=shown_hash(change.address_hash),
        channel=changed.channel or None,
        category=Category(changed.category) if changed.category else None,
        reason=changed.reason,
        provider=change.provider,
        account=change.source if change.provider else None,
        message_id=str(change.message_id) if change.message_id else None,
        occurred_at=now,
    )
    kind = event_type("recipient", change.kind)
    subject = f"{change.tenant}/{data.address_hash}"
    what = f"{changed.channel}/{changed.category}/{changed.reason}/{change.cause}"
    event = RecipientEvent(
        id=event_id_for(subject, kind, what), type=kind, subject=subject, time=now, data=data
    )
    return event_message(event, recipient_event_key(change.kind, change.tenant), correlation_id)
