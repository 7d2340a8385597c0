"""A mail that SendGrid took in for us. SendGrid: "Inbound Parse webhook".

It comes as a form, parsed or raw; a 4xx would lose it, so what can't be read goes to quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from herald.contracts.receipts import InboundReceipt
from herald.providers.inbound_mail import MailFile, Origin, ReceivedMail, mail_receipt
from herald.providers.json_bodies import BeyondLimitsError, NotJsonError, read_json
from herald.providers.lenient_json import kept_inbound
from herald.providers.mail_heads import heads_of
from herald.providers.mime_mails import decode_text, heads_of_message, parse_mime, read_mime
from herald.providers.multipart_bodies import FormPart
from herald.providers.webhook_endpoints import Normalised
from herald.providers.webhook_requests import WebhookRequest

NAME = "sendgrid"
RAW = "email"  # the field that holds the whole mail, where raw ones are asked for
KEPT = (
    *("headers", "envelope", "to", "cc", "from", "subject", "text", "charsets", "sender_ip"),
    *("SPF", "dkim", "spam_score", "attachments", "attachment-info", "content-ids"),
)


def inbound_receipt(
    account: str, request: WebhookRequest, fields: Mapping[str, str], found: Normalised
) -> InboundReceipt:
    """Read a mail; `fields`: those of the form that are no files, as UTF-8."""
    form, to = request.form_parts, _envelope(fields)
    mail = _raw(form, to) if RAW in fields else _parsed(form, fields, to)
    kept = {name: fields[name] for name in KEPT if name in fields}
    origin = Origin(
        provider=NAME,
        account=account,
        received_at=request.received_at,
        element=kept_inbound(kept, len(request.body)),
    )
    return mail_receipt(mail, origin, found)


def _raw(form: Sequence[FormPart], to: list[str]) -> ReceivedMail:
    raw = next(part.value for part in form if part.name == RAW)
    return read_mime(raw, recipient=to[0] if to else None)


def _parsed(form: Sequence[FormPart], fields: Mapping[str, str], to: list[str]) -> ReceivedMail:
    charsets = _json(fields, "charsets")
    values = {part.name: part.value for part in reversed(form) if part.filename is None}

    def text(name: str) -> str:
        charset = charsets.get(name)
        return decode_text(values.get(name, b""), charset if isinstance(charset, str) else "utf-8")

    heads = heads_of_message(parse_mime(values.get("headers", b"") + b"\r\n\r\n"))
    given = heads_of((name, text(name)) for name in ("from", "to", "cc", "subject") if text(name))
    return ReceivedMail(
        heads={**given, **heads},
        recipient=to[0] if to else None,
        tags=to,
        text=text("text"),
        html=text("html"),
        files=list(_files(form, fields)),
    )


def _files(form: Iterable[FormPart], fields: Mapping[str, str]) -> Iterator[MailFile]:
    """Give the files; the HTML's images are named by their content ids."""
    shown = {field: name for name, field in _json(fields, "content-ids").items()}
    about = _json(fields, "attachment-info")
    for part in form:
        if part.filename is None:
            continue
        info = about.get(part.name)
        given = info.get("filename") if isinstance(info, dict) else None
        yield MailFile(
            name=given if isinstance(given, str) else part.filename,
            content_type=part.content_type,
            content_id=shown.get(part.name),
            body=part.value,
        )


def _envelope(fields: Mapping[str, str]) -> list[str]:
    """Return the addresses of ours that the mail came to."""
    to = _json(fields, "envelope").get("to")
    return [one for one in to if isinstance(one, str)] if isinstance(to, list) else []


def _json(fields: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        found = read_json(fields.get(name, "").encode(errors="replace"))
    except (NotJsonError, BeyondLimitsError):
        return {}
    return found if isinstance(found, dict) else {}
