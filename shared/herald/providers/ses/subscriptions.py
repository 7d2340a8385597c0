"""News of the subscription by which events come. SNS: "Parsing message formats"."""

from __future__ import annotations

from herald.contracts.receipts import AccountReceipt
from herald.contracts.vocabulary import AccountTopic
from herald.providers.lenient_json import event_key, iso_moment
from herald.providers.ses.names import CHANNEL, PROVIDER
from herald.providers.ses.sns import Envelope
from herald.providers.webhook_requests import WebhookRequest

CONFIRMED, WAITS, ENDED = "confirmed", "waits_for_confirmation", "ended"


def news(
    account: str, request: WebhookRequest, envelope: Envelope, status: str, link: str | None = None
) -> AccountReceipt:
    """Say what became of a subscription; `link` confirms it.

    An end that nobody wanted is undone by subscribing again.
    """
    fields = envelope.fields
    return AccountReceipt(
        topic=AccountTopic.OTHER,
        name=envelope.kind,
        status=status,
        reason=f"open this link to get events: {link}" if link else None,
        channel=CHANNEL,
        provider=PROVIDER,
        account=account,
        event_key=event_key(fields["MessageId"], status),
        occurred_at=iso_moment(fields["Timestamp"]),
        received_at=request.received_at,
        element={name: fields[name] for name in ("Type", "MessageId", "TopicArn", "Timestamp")},
    )
