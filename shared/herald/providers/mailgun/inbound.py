"""A mail that a route of Mailgun's passes on. Mailgun: "Receiving, forwarding and storing"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from herald.contracts.receipts import InboundReceipt
from herald.providers.inbound_mail import MailFile, Origin, ReceivedMail, mail_receipt
from herald.providers.json_bodies import BeyondLimitsError, NotJsonError, read_json
from herald.providers.lenient_json import event_key, kept_inbound, text, whole_number
from herald.providers.mail_heads import heads_of
from herald.providers.mailgun.statuses import NAME
from herald.providers.mime_mails import read_mime
from herald.providers.multipart_bodies import FormPart
from herald.providers.webhook_endpoints import Normalised
from herald.providers.webhook_requests import WebhookRequest

SIGNATURE_FIELDS = frozenset({"timestamp", "token", "signature"})
KEPT = (
    *("recipient", "sender", "from", "subject", "Message-Id", "In-Reply-To", "References", "To"),
    *("Cc", "Date", "body-plain", "stripped-text", "attachment-count", "attachments"),
    *("message-url", "X-Mailgun-Sflag", "X-Mailgun-Sscore", "X-Mailgun-Spf"),
)


def inbound_receipt(
    account: str,
    request: WebhookRequest,
    token: str,
    fields: Mapping[str, str],
    found: Normalised,
) -> InboundReceipt:
    """Read a mail; `fields`: of those that come twice the first, for variables may shadow them."""
    form = request.form_parts
    if "body-mime" in fields:
        raw = next(part.value for part in form if part.name == "body-mime")
        mail = read_mime(raw, reference=_reference(token), recipient=fields.get("recipient"))
    else:
        mail = _mail(form, fields, token)
    origin = Origin(
        provider=NAME,
        account=account,
        received_at=request.received_at,
        element=kept_inbound(
            {name: fields[name] for name in KEPT if name in fields}, len(request.body)
        ),
    )
    return mail_receipt(mail, origin, found)


def _mail(form: Iterable[FormPart], fields: Mapping[str, str], token: str) -> ReceivedMail:
    return ReceivedMail(
        heads=heads_of(_heads(fields)),
        reference=_reference(token),
        recipient=fields.get("recipient"),
        text=fields.get("body-plain", ""),
        html=fields.get("body-html", ""),
        new_text=fields.get("stripped-text", ""),
        files=[*_posted(form, fields), *_stored(fields)],
    )


def _reference(token: str) -> str:
    """Name the mail by its webhook: one to two addresses of ours comes as two, under one id."""
    return event_key(token)


def _heads(fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give all headers, or those that are fields of their own."""
    given = _json(fields, "message-headers")
    if isinstance(given, list):
        for pair in given:
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair):  # noqa: PLR2004
                yield pair[0], pair[1]
        return
    names = ("from", "To", "Cc", "subject", "Date", "Message-Id", "In-Reply-To", "References")
    yield from ((name, fields[name]) for name in (*names, "Reply-To") if name in fields)


def _posted(form: Iterable[FormPart], fields: Mapping[str, str]) -> Iterator[MailFile]:
    """Give files that came along; the map says which of them the HTML shows."""
    shown = _json(fields, "content-id-map")
    ids = {field: name for name, field in shown.items()} if isinstance(shown, dict) else {}
    for part in form:
        if part.filename is not None:
            yield MailFile(
                name=part.filename,
                content_type=part.content_type,
                content_id=ids.get(part.name),
                body=part.value,
            )


def _stored(fields: Mapping[str, str]) -> Iterator[MailFile]:
    """Give files that Mailgun keeps for some days; the API key opens their addresses."""
    given = _json(fields, "attachments")
    for one in given if isinstance(given, list) else ():
        if isinstance(one, dict) and (url := text(one, "url")):
            yield MailFile(
                name=text(one, "name"),
                content_type=text(one, "content-type"),
                size=whole_number(one.get("size")),
                reference=url,
                url=url,
            )


def _json(fields: Mapping[str, str], name: str) -> Any:
    try:
        return read_json(fields[name].encode(errors="replace"))
    except (KeyError, NotJsonError, BeyondLimitsError):
        return None
