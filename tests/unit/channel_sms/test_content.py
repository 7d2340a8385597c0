"""What an SMS is rendered as."""

from __future__ import annotations

from channel_sms.content import render
from herald.contracts.content.segments import SmsEncoding
from herald.contracts.work import WorkContent
from herald.contracts.work_parts import WorkMedia, WorkTemplate
from herald.providers.rendered import RenderedSms
from unit.channel.making import work

PICTURE = WorkMedia(url="https://files.example.com/a.png", kind="image")
TEMPLATE = WorkTemplate(name="HX1", variables={"1": "Ann"})


def test_a_text_with_its_encoding() -> None:
    """A text says how it travels, and how many segments it fills."""
    rendered = render(work(content=WorkContent(text="я" * 71)), holds_template=False)
    assert rendered == RenderedSms(text="я" * 71, encoding=SmsEncoding.UCS_2, segments=2)


def test_files_stand_beside_the_text() -> None:
    """Files go by link, with or without a text."""
    rendered = render(work(content=WorkContent(media=(PICTURE,))), holds_template=False)
    assert rendered == RenderedSms(media=(PICTURE,))


def test_a_template_is_all_that_is_said() -> None:
    """Where the account holds it, a template goes alone; elsewhere it is ignored."""
    order = work(content=WorkContent(text="Hi", template=TEMPLATE, media=(PICTURE,)))
    assert render(order, holds_template=True) == RenderedSms(template=TEMPLATE)
    rendered = render(order, holds_template=False)
    assert rendered == RenderedSms(text="Hi", media=(PICTURE,), segments=1)
