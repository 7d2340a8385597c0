"""What a WhatsApp message is rendered as."""

from __future__ import annotations

from channel_whatsapp.content import render
from herald.contracts.work_parts import WorkMedia, WorkTemplate
from herald.providers.rendered import RenderedWhatsApp
from unit.channel_whatsapp.making import work

PICTURE = WorkMedia(url="https://files.example.com/a.png", kind="image", caption="Page 1")
MEDIA = [PICTURE.model_dump()]
TEMPLATE = {"name": "order", "variables": {"1": "Ann"}}


def test_a_text_beside_a_file_is_its_caption() -> None:
    """The text stands before the file's own caption."""
    rendered = render(work({"text": "Your bill", "media": MEDIA}), holds_template=False)
    assert rendered == RenderedWhatsApp(text="Your bill\n\nPage 1", media=PICTURE)


def test_a_template_is_all_that_is_said() -> None:
    """Where the account holds it, a template goes alone; elsewhere it is ignored."""
    order = work({"text": "Hi", "template": TEMPLATE})
    rendered = render(order, holds_template=True)
    assert rendered == RenderedWhatsApp(template=WorkTemplate.model_validate(TEMPLATE))
    assert render(order, holds_template=False) == RenderedWhatsApp(text="Hi")
