"""How WhatsApp says a content: a template, or one message of texts, a file and rich parts. Pure."""

from __future__ import annotations

from herald.contracts.content.mediums import caption_of, why_unsayable
from herald.contracts.content.rich_rules import RICH
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.providers.rendered import RenderedWhatsApp

CHANNEL_NAME = "whatsapp"


def render(work: Work, *, holds_template: bool) -> RenderedWhatsApp | Failure:
    """Render a WhatsApp message, or say why there can be none."""
    content = work.content
    problem = why_unsayable(CHANNEL_NAME, content, holds_template=holds_template)
    if problem is not None:
        return problem.failure
    if holds_template:
        return RenderedWhatsApp(template=content.template)
    rich = {name: getattr(content, name) for name in RICH}
    if not content.media:
        return RenderedWhatsApp(text=content.text or "", **rich)
    file = content.media[0]
    return RenderedWhatsApp(text=caption_of(file, content.text), media=file, **rich)
