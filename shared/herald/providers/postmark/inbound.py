"""A mail that Postmark took in for us, its files with it. Postmark: "Inbound webhook"."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from herald.contracts.receipts import InboundReceipt
from herald.providers.inbound_mail import MailFile, Origin, ReceivedMail, mail_receipt
from herald.providers.lenient_json import kept_inbound, objects, part, reference, text, whole_number
from herald.providers.mail_heads import Heads, heads_of
from herald.providers.postmark.names import PROVIDER
from herald.providers.webhook_endpoints import Normalised
from herald.providers.webhook_requests import WebhookRequest

_BYTES = "Content"  # of a file, as base64
# what Postmark takes out of a mail's headers and gives by itself
_APART = ("From", "To", "Cc", "Subject", "ReplyTo", "Date")
_NAMES = {"ReplyTo": "Reply-To"}


def inbound_receipt(
    account: str, request: WebhookRequest, element: Mapping[str, Any], found: Normalised
) -> InboundReceipt:
    """Read a mail; its files are put into `found`."""
    mail = ReceivedMail(
        heads=_heads(element),
        reference=reference(element, "MessageID"),
        recipient=text(element, "OriginalRecipient"),
        tags=[hashed for hashed in (text(element, "MailboxHash"),) if hashed],
        text=text(element, "TextBody") or "",
        html=text(element, "HtmlBody") or "",
        new_text=text(element, "StrippedTextReply") or "",
        files=[_file(file) for file in objects(element, "Attachments")],
    )
    origin = Origin(
        provider=PROVIDER,
        account=account,
        received_at=request.received_at,
        element=kept_inbound(_without_bytes(element), len(request.body)),
    )
    return mail_receipt(mail, origin, found)


def _heads(mail: Mapping[str, Any]) -> Heads:
    given = [
        (text(header, "Name") or "", text(header, "Value") or "")
        for header in objects(mail, "Headers")
    ]
    names = {name.lower() for name, _ in given}
    apart = [(_NAMES.get(name, name), text(mail, name) or "") for name in _APART]
    sender = part(mail, "FromFull")
    if (address := text(sender, "Email")) is not None:  # as Postmark itself has read it
        name = (text(sender, "Name") or "").replace("\\", "\\\\").replace('"', '\\"')
        apart[0] = ("From", f'"{name}" <{address}>')
    return heads_of([*(pair for pair in apart if pair[0].lower() not in names and pair[1]), *given])


def _file(file: Mapping[str, Any]) -> MailFile:
    body: bytes | None
    try:
        body = base64.b64decode(text(file, _BYTES) or "", validate=True)
    except (binascii.Error, ValueError):
        body = None
    return MailFile(
        name=text(file, "Name"),
        content_type=text(file, "ContentType"),
        content_id=text(file, "ContentID"),
        size=whole_number(file.get("ContentLength")),
        body=body,
        reference=text(file, "Name"),
    )


def _without_bytes(mail: Mapping[str, Any]) -> dict[str, Any]:
    files = [
        {name: value for name, value in file.items() if name != _BYTES}
        for file in objects(mail, "Attachments")
    ]
    return {**mail, "Attachments": files} if files else dict(mail)
