"""A mail that Resend took in for us: what its webhook says of it. Resend: "Receiving emails".

The webhook has no text and no files: who wants them asks Resend's API by the ids in the event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from herald.contracts.receipts import InboundReceipt
from herald.providers.inbound_mail import MailFile, Origin, ReceivedMail, mail_receipt
from herald.providers.lenient_json import (
    iso_moment,
    kept_inbound,
    objects,
    part,
    reference,
    text,
    whole_number,
)
from herald.providers.mail_heads import heads_of
from herald.providers.resend.statuses import NAME
from herald.providers.webhook_endpoints import Normalised
from herald.providers.webhook_requests import WebhookRequest

RECEIVED = "email.received"


def inbound_receipt(
    account: str, request: WebhookRequest, event: Mapping[str, Any], found: Normalised
) -> InboundReceipt:
    """Read a mail."""
    data = part(event, "data")
    number = reference(data, "email_id")
    mail = ReceivedMail(
        heads=heads_of(_heads(data)),
        reference=number,
        text=text(data, "text") or "",
        html=text(data, "html") or "",
        files=[_file(number, item) for item in objects(data, "attachments")],
    )
    origin = Origin(
        provider=NAME,
        account=account,
        received_at=request.received_at,
        occurred_at=iso_moment(event.get("created_at")),
        element=kept_inbound(dict(event), len(request.body)),
    )
    return mail_receipt(mail, origin, found)


def _heads(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    given = data.get("headers")
    if isinstance(given, dict):
        yield from ((name, value) for name, value in given.items() if isinstance(value, str))
    for name in ("from", "to", "cc", "subject", "message_id"):
        value = data.get(name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield name.replace("_", "-"), one


def _file(number: str, item: Mapping[str, Any]) -> MailFile:
    return MailFile(
        name=text(item, "filename"),
        content_type=text(item, "content_type"),
        content_id=text(item, "content_id"),
        size=whole_number(item.get("size")),
        reference=text(item, "id") or number,
        url=text(item, "download_url"),
    )
