"""Messages in the form that WhatsApp's Cloud API takes. Pure.

Source: Meta, "Cloud API, messages", and for each kind its own page of "Sending messages".
"""

from __future__ import annotations

from herald.contracts.addresses import is_whatsapp_user_id
from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.rendered import RenderedWhatsApp
from herald.providers.whatsapp_contacts import write_contact
from herald.providers.whatsapp_interactive import write_interactive
from herald.providers.whatsapp_parts import Part, Uploaded, write_file, write_location
from herald.providers.whatsapp_templates import write_template

PRODUCT = {"messaging_product": "whatsapp"}


def write_message(
    work: Work, content: RenderedWhatsApp, account: str, uploads: Uploaded | None = None
) -> Part | Failure:
    """Write a message; an answer quotes what came to this account.

    Files go by link but for `uploads`. A failure says that what is to be reacted to, or marked as
    read, is not this account's.
    """
    answered = work.content.answers_for(account)
    if content.read_receipt is not None:
        if answered is None:
            return _not_here("no message of this number to mark as read")
        return _read_receipt(answered, typing=content.read_receipt.typing)
    if content.reaction is not None and answered is None:
        return _not_here("no message of this number to react to")
    is_quoted = answered is not None and content.reaction is None
    return {
        **PRODUCT,
        "recipient_type": "individual",
        **_recipient(work.to),
        **({"context": {"message_id": answered}} if is_quoted else {}),
        **_content(content, answered, uploads or {}),
        "biz_opaque_callback_data": work.tag,  # comes back in every status
    }


def files_of(content: RenderedWhatsApp) -> tuple[Media, ...]:
    """Return the files that a message names: its own, or its template's."""
    if content.template is not None:
        header = content.template.header
        return (header.media,) if header is not None and header.media is not None else ()
    return (content.media,) if content.media is not None else ()


def _not_here(reason: str) -> Failure:
    return Failure.of(FailureClass.PERMANENT, "no_such_reply", reason)


def _recipient(address: str) -> Part:
    """Name a recipient: by number, or by Meta's own id of the user."""
    if is_whatsapp_user_id(address):
        return {"recipient": address}
    return {"to": address.removeprefix("+")}


def _read_receipt(message_id: str, *, typing: bool) -> Part:
    part: Part = {**PRODUCT, "status": "read", "message_id": message_id}
    return {**part, "typing_indicator": {"type": "text"}} if typing else part


def _content(content: RenderedWhatsApp, answered: str | None, uploads: Uploaded) -> Part:
    if content.template is not None:
        return _typed("template", write_template(content.template, uploads))
    if content.buttons or content.list is not None or content.link is not None:
        return _typed("interactive", write_interactive(content, uploads))
    if content.media is not None:
        return _typed(content.media.kind, _captioned(content.media, content.text, uploads))
    if content.text:
        return _typed("text", {"body": content.text, "preview_url": True})
    return _without_text(content, answered)


def _without_text(content: RenderedWhatsApp, answered: str | None) -> Part:
    if content.location is not None:
        return _typed("location", write_location(content.location))
    if content.contacts:
        return _typed("contacts", [*map(write_contact, content.contacts)])
    emoji = content.reaction.emoji if content.reaction is not None else ""
    return _typed("reaction", {"message_id": answered, "emoji": emoji})


def _typed(kind: str, part: Part | list[Part]) -> Part:
    return {"type": kind, kind: part}


def _captioned(media: Media, caption: str, uploads: Uploaded) -> Part:
    part = write_file(media, uploads)
    return {**part, "caption": caption} if caption else part
