"""WhatsApp messages with something to tap. Pure.

Source: Meta, "Interactive reply buttons messages", "Interactive list messages" and "Interactive
call-to-action URL button messages".
"""

from __future__ import annotations

from herald.contracts.content.rich import ChoiceList, LinkButton, ListRow
from herald.providers.rendered import RenderedWhatsApp
from herald.providers.whatsapp_parts import Part, Uploaded, write_file


def write_interactive(content: RenderedWhatsApp, uploads: Uploaded) -> Part:
    """Write what stands around the text, and what is under it."""
    kind, action = _action(content)
    return {
        "type": kind,
        **_header(content, uploads),
        "body": {"text": content.text},
        **({"footer": {"text": content.footer}} if content.footer else {}),
        "action": action,
    }


def _action(content: RenderedWhatsApp) -> tuple[str, Part]:
    if content.list is not None:
        return "list", _list(content.list)
    if content.link is not None:
        return "cta_url", _link(content.link)
    replies = [
        {"type": "reply", "reply": {"id": button.id, "title": button.title}}
        for button in content.buttons or ()
    ]
    return "button", {"buttons": replies}


def _list(choices: ChoiceList) -> Part:
    sections = [
        {
            **({"title": section.title} if section.title else {}),
            "rows": [*map(_row, section.rows)],
        }
        for section in choices.sections
    ]
    return {"button": choices.button, "sections": sections}


def _row(row: ListRow) -> Part:
    described = {"description": row.description} if row.description else {}
    return {"id": row.id, "title": row.title, **described}


def _link(link: LinkButton) -> Part:
    return {"name": "cta_url", "parameters": {"display_text": link.title, "url": link.url}}


def _header(content: RenderedWhatsApp, uploads: Uploaded) -> Part:
    if content.media is not None:
        kind = content.media.kind
        return {"header": {"type": kind, kind: write_file(content.media, uploads)}}
    if content.header:
        return {"header": {"type": "text", "text": content.header}}
    return {}
