"""A mail that Postmark took in for us. Postmark: "Inbound webhook".

Its bytes of files come inside the webhook and are not kept: a file's reference is the mail's id and
the file's number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from herald.contracts.inbound import InboundMedia
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import InboundKind
from herald.providers.lenient_json import (
    NotUnderstoodError,
    Reason,
    kept_inbound,
    objects,
    part,
    reference,
    text,
)
from herald.providers.postmark.names import CHANNEL, PROVIDER
from herald.providers.webhook_requests import WebhookRequest

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_BYTES = "Content"  # of a file, as base64


def inbound_receipt(
    account: str, request: WebhookRequest, mail: Mapping[str, Any]
) -> InboundReceipt:
    """Read a mail."""
    name, sender = part(mail, "FromFull"), text(part(mail, "FromFull"), "Email")
    if sender is None:
        raise NotUnderstoodError(Reason.SHAPE)
    files = objects(mail, "Attachments")
    number = reference(mail, "MessageID")
    return InboundReceipt(
        content=InboundKind.MEDIA if files else InboundKind.TEXT,
        text=text(mail, "TextBody"),
        media=[_file(number, place, file) for place, file in enumerate(files, start=1)],
        channel=CHANNEL,
        provider=PROVIDER,
        account=account,
        reference=number,
        sender=sender,
        recipient=text(mail, "OriginalRecipient") or text(mail, "To"),
        in_reply_to=_message_id(_header(mail, "In-Reply-To")),
        profile_name=text(name, "Name"),
        occurred_at=_date(text(mail, "Date")),
        received_at=request.received_at,
        element=kept_inbound(_without_bytes(mail), len(request.body)),
    )


def _file(mail: str, place: int, file: Mapping[str, Any]) -> InboundMedia:
    return InboundMedia(
        reference=f"{mail}/{place}",
        content_type=text(file, "ContentType"),
        filename=text(file, "Name"),
    )


def _header(mail: Mapping[str, Any], name: str) -> str | None:
    found = (
        text(header, "Value")
        for header in objects(mail, "Headers")
        if (text(header, "Name") or "").lower() == name.lower()
    )
    return next(found, None)


def _message_id(header: str | None) -> str | None:
    found = _MESSAGE_ID.search(header or "")
    return found[0] if found else None


def _without_bytes(mail: Mapping[str, Any]) -> dict[str, Any]:
    files = [
        {name: value for name, value in file.items() if name != _BYTES}
        for file in objects(mail, "Attachments")
    ]
    return {**mail, "Attachments": files} if files else dict(mail)


def _date(header: str | None) -> Any:
    try:
        at = parsedate_to_datetime(header or "")
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else None
