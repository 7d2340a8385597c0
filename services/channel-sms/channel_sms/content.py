"""How an SMS says its content: a text, files by link, or a template. Pure."""

from __future__ import annotations

from channel_sms.transliterating import transliterated
from herald.contracts.content.mediums import why_unsayable
from herald.contracts.content.segments import measured
from herald.contracts.failures import Failure
from herald.contracts.work import Work, WorkContent
from herald.providers.rendered import RenderedSms

CHANNEL_NAME = "sms"


def render(work: Work, *, holds_template: bool) -> RenderedSms | Failure:
    """Render an SMS, or say why there can be none."""
    content = _as_it_goes(work.content)
    problem = why_unsayable(CHANNEL_NAME, content, holds_template=holds_template)
    if problem is not None:
        return problem.failure
    if holds_template:
        return RenderedSms(template=content.template)
    text = content.text or ""
    encoding, segments = measured(text)
    return RenderedSms(
        text=text,
        media=content.media,
        encoding=encoding,
        segments=segments,
        transliterated=text != (work.content.text or ""),
    )


def _as_it_goes(content: WorkContent) -> WorkContent:
    """Write the text in letters that it has room for, if that is wanted."""
    if not content.transliterate or not content.text:
        return content
    changes = {"text": transliterated(content.text), "transliterate": None}
    return content.model_copy(update=changes)
