"""A mail that Amazon SES took in for us. SES: "Contents of notifications for email receiving".

An SNS action gives the mail itself, if it has 150 KB at most; any other gives its headers, and one
that stores it in S3 says where.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
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
)
from herald.providers.mail_heads import heads_of
from herald.providers.mime_mails import read_mime
from herald.providers.ses.names import PROVIDER
from herald.providers.webhook_endpoints import Normalised
from herald.providers.webhook_requests import WebhookRequest

RECEIVED = "Received"
_MAIL = "content"


def inbound_receipt(
    account: str, request: WebhookRequest, event: Mapping[str, Any], found: Normalised
) -> InboundReceipt:
    """Read a mail; its files are put into `found`."""
    mail, receipt = part(event, "mail"), part(event, "receipt")
    own_id, raw = reference(mail, "messageId"), _raw(event)
    recipients = receipt.get("recipients")
    first = recipients[0] if isinstance(recipients, list) and recipients else None
    recipient = first if isinstance(first, str) else None
    if raw is not None:
        received = read_mime(raw, reference=own_id, recipient=recipient)
    else:
        heads = heads_of(
            (text(header, "name") or "", text(header, "value") or "")
            for header in objects(mail, "headers")
        )
        files = _stored(part(receipt, "action"))
        received = ReceivedMail(heads=heads, reference=own_id, recipient=recipient, files=files)
    origin = Origin(
        provider=PROVIDER,
        account=account,
        received_at=request.received_at,
        occurred_at=iso_moment(receipt.get("timestamp")),
        element=kept_inbound(_without_mail(event), len(request.body)),
    )
    return mail_receipt(received, origin, found)


def _raw(event: Mapping[str, Any]) -> bytes | None:
    """Return the mail's bytes, where it came along."""
    given = text(event, _MAIL)
    if given is None:
        return None
    encoding = text(part(part(event, "receipt"), "action"), "encoding") or ""
    if encoding.upper() != "BASE64":
        return given.encode()
    try:
        return base64.b64decode(given)
    except (binascii.Error, ValueError):
        return None


def _stored(action: Mapping[str, Any]) -> list[MailFile]:
    """Name the mail where SES has put it."""
    bucket, key = text(action, "bucketName"), text(action, "objectKey")
    if bucket is None or key is None:
        return []
    return [MailFile(content_type="message/rfc822", reference=f"s3://{bucket}/{key}")]


def _without_mail(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != _MAIL}
