"""Messages in the form that Vonage's Messages API takes. Pure.

Source: Vonage, "Messages API reference", and its pages on WhatsApp. What `custom` holds goes to
WhatsApp as it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from herald.contracts.addresses import is_whatsapp_user_id
from herald.contracts.content import Media, Template
from herald.contracts.content.segments import SmsEncoding
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.rendered import RenderedSms, RenderedWhatsApp
from herald.providers.vonage.account import VonageAccount
from herald.providers.vonage_options import time_to_live
from herald.providers.whatsapp_contacts import write_contact
from herald.providers.whatsapp_interactive import write_interactive
from herald.providers.whatsapp_parts import Part, write_location
from herald.providers.whatsapp_templates import write_template

LONGEST_SMS = 1000  # characters
_FILES = {"document": "file"}  # Vonage's words for kinds of files, where they are not Herald's
_CAPTIONED = frozenset({"image", "video", "file"})


def write_message(
    account: VonageAccount,
    name: str,
    work: Work,
    content: RenderedSms | RenderedWhatsApp,
    now: datetime,
) -> Part | Failure:
    """Write a message of the account called `name`, or say why there can be none."""
    if work.sender is None:
        return Failure.of(FailureClass.AUTH, "no_sender", "no number or name to send from")
    if is_whatsapp_user_id(work.to):
        return Failure.of(FailureClass.UNREACHABLE, "user_id", "this API takes numbers only")
    if isinstance(content, RenderedSms):
        written = _sms(account, work, content, now)
    else:
        written = _whatsapp(content, work.content.answers_for(name))
    if isinstance(written, Failure):
        return written
    return {
        "channel": account.channel,
        "to": work.to.removeprefix("+"),
        "from": work.sender.removeprefix("+"),
        "client_ref": work.tag,  # comes back in every status
        **written,
    }


def _sms(account: VonageAccount, work: Work, content: RenderedSms, now: datetime) -> Part | Failure:
    # another account of the channel may send these: neither is `content`
    if content.media:
        return Failure.of(FailureClass.PERMANENT, "media", "this API sends texts only")
    if len(content.text) > LONGEST_SMS:
        return Failure.of(FailureClass.PERMANENT, "too_long", f"over {LONGEST_SMS}")
    is_gsm = content.encoding is SmsEncoding.GSM_7
    options: dict[str, Any] = {"encoding_type": "text" if is_gsm else "unicode"}
    for field in ("entity_id", "content_id"):
        value = getattr(account, field)
        if value is not None:
            options[field] = value
    return {
        "message_type": "text",
        "text": content.text,
        "ttl": int(time_to_live(work.not_after - now, account.validity).total_seconds()),
        "sms": options,
    }


def _whatsapp(content: RenderedWhatsApp, answered: str | None) -> Part | Failure:
    if content.read_receipt is not None:
        return Failure.of(FailureClass.PERMANENT, "read_receipt", "not by this provider")
    if content.reaction is not None:
        if answered is None:
            reason = "no message of this account to react to"
            return Failure.of(FailureClass.PERMANENT, "no_such_reply", reason)
        emoji = content.reaction.emoji
        reaction = {"action": "react", "emoji": emoji} if emoji else {"action": "unreact"}
        return {"message_type": "reaction", "reaction": reaction, **_context(answered)}
    return {**_content(content), **(_context(answered) if answered else {})}


def _context(answered: str) -> Part:
    return {"context": {"message_uuid": answered}}


def _content(content: RenderedWhatsApp) -> Part:
    if content.template is not None:
        return _template(content.template)
    if content.buttons or content.list is not None or content.link is not None:
        return _custom("interactive", write_interactive(content, {}))
    if content.media is not None:
        return _file(content.media, content.text)
    if content.text:
        return {"message_type": "text", "text": content.text}
    if content.location is not None:
        return _custom("location", write_location(content.location))
    return _custom("contacts", [*map(write_contact, content.contacts or ())])


def _template(template: Template) -> Part:
    """Fill in a template; one with more than a text goes as WhatsApp itself takes it."""
    is_plain = template.header is None and not template.buttons
    if not is_plain or not all(name.isdecimal() for name in template.variables):
        return _custom("template", write_template(template, {}))
    numbered = sorted(template.variables.items(), key=lambda item: int(item[0]))
    parameters = {"parameters": [value for _, value in numbered]} if numbered else {}
    return {
        "message_type": "template",
        "template": {"name": template.name, **parameters},
        "whatsapp": {"policy": "deterministic", "locale": template.language.replace("-", "_")},
    }


def _custom(kind: str, part: Part | list[Part]) -> Part:
    return {"message_type": "custom", "custom": {"type": kind, kind: part}}


def _file(media: Media, caption: str) -> Part:
    kind = _FILES.get(media.kind, media.kind)
    part: Part = {"url": media.url}
    if caption and kind in _CAPTIONED:
        part["caption"] = caption
    if media.filename and kind == "file":
        part["name"] = media.filename
    return {"message_type": kind, kind: part}
