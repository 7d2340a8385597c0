"""What templates say: by locale, channel and version."""

from __future__ import annotations

import pytest

from herald.contracts.content import ChannelContent, Media, Template
from herald.templates.filled import UnfillableError
from unit.templates.making import ORDER, fill, filler_of, problems, templates


def test_the_example_is_right() -> None:
    """Else the tests below say nothing."""
    assert problems(ORDER) == []


@pytest.mark.parametrize(
    ("locales", "locale"),
    [
        (("de",), "de"),
        (("de_AT",), "de"),
        (("pt-br",), "pt-BR"),
        (("pt_BR",), "pt-BR"),
        (("pt",), "en"),
        (("fr", "de"), "de"),
        ((None, "de"), "de"),
        (("fr",), "en"),
        ((), "en"),
    ],
)
def test_a_locale_is_chosen(locales: tuple[str | None, ...], locale: str) -> None:
    """The recipient's, then their language alone, then the template's default."""
    assert fill("sms", *locales, name="Ann").locale == locale


def test_texts_of_every_part_are_filled_in() -> None:
    """What is included says the same part, in the same language."""
    said = fill("email", name="Ann", count="2").parts
    assert said["text"] == "Hello Ann: 2 parcels. -- Acme"
    assert said["subject"] == "Order of Ann"
    assert fill("email", "de", name="Ann").parts["text"] == "Hallo Ann -- Acme GmbH"


def test_a_channel_says_it_its_own_way() -> None:
    """And all else as everywhere."""
    said = fill("sms", name="Ann").parts
    assert said["text"] == "Ann: 1"
    assert said["subject"] == "Order of Ann"


def test_values_in_html_are_escaped() -> None:
    """There alone; nothing that a command gives becomes markup."""
    said = fill("email", name="<b>'Ann'", link="https://a.example/?a=1&b=2").parts
    assert said["html"] == (
        "<p>&lt;b&gt;&#39;Ann&#39;</p><a href='https://a.example/?a=1&amp;b=2'>Track</a>"
    )
    assert said["text"] == "Hello <b>'Ann': 1 parcel. -- Acme"


def test_a_value_is_never_read_as_a_template() -> None:
    """Braces in a name stay braces."""
    assert fill("sms", name="{{ count }}").parts["text"] == "{{ count }}: 1"


def test_a_provider_may_hold_the_text_of_a_channel() -> None:
    """Its variables are made of the template's."""
    held = fill("whatsapp", "de", name="Ann").parts["template"]
    assert (held.name, held.language) == ("order_sent", "de")
    assert held.variables == {"1": "Ann", "2": "1"}


def test_an_earlier_version_can_be_asked_for() -> None:
    """It has variables and texts of its own."""
    assert fill("sms", version=1, name="Ann").parts == {"text": "Dear Ann"}
    assert fill("sms", version=2, name="Ann").version == 2


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        ({}, "variables.name", "missing"),
        ({"name": "x" * 21}, "variables.name", "longer than 20 characters"),
        ({"name": "a\nb"}, "variables.name", "must be one line"),
        ({"name": "a\u2028b"}, "variables.name", "must be one line"),
        ({"name": "Ann", "count": "many"}, "variables.count", "must be a whole number"),
        ({"name": "Ann", "link": "javascript:alert(1)"}, "variables.link", "must be an https URL"),
        ({"name": "Ann", "nmae": "x"}, "variables.nmae", "no such variable; known: count, link, n"),
        ({"name": "Ann", "version": "9"}, "version", "no such version; known: 1, 2"),
    ],
)
def test_what_does_not_suit_is_named(values: dict[str, str], field: str, reason: str) -> None:
    """By the field of the command, and without the value."""
    version = int(values.pop("version", 0)) or None
    with pytest.raises(UnfillableError) as caught:
        fill("sms", version=version, **values)
    assert caught.value.field == field
    assert caught.value.reason.startswith(reason)


def test_its_texts_stand_for_what_is_beside_it() -> None:
    """Files and what the template does not say stay; what a channel says of its own does, too."""
    media = (Media(url="https://a.example/x"),)
    beside = ChannelContent(
        text="ours", html="<p>ours</p>", media=media, template=Template(name="order")
    )
    filled = fill("sms", "de", name="Ann")
    said = filled.over(beside, frozenset())
    assert (said.text, said.html, said.template) == ("Hallo Ann -- Acme GmbH", "<p>ours</p>", None)
    assert said.media == media
    assert filled.over(beside, frozenset({"text"})).text == "ours"


ROWS = """
[order]
variables = {rows = {type = "lines", required = false}}
[order.locales.en]
text = '''{% for row in rows %}{{ loop.index }}. {{ row }}{% if not loop.last %}; {% endif %}
{%- else %}none{% endfor %}'''
html = '''{% if rows %}<ul>{% for row in rows %}<li>{{ row }}{% endfor %}</ul>{% endif %}x'''
"""


def test_a_loop_says_each_line() -> None:
    """Escaped in HTML as all values; blank lines are none."""
    filler = filler_of(templates(ROWS))
    found = filler.find("order", "default")
    assert found is not None

    def said(**values: str) -> tuple[str, str]:
        asked = Template.model_validate({"name": "order", "variables": values})
        parts = filler.fill(found, asked, (), "email").parts
        return parts["text"], parts["html"]

    assert problems(ROWS) == []
    assert said(rows="2 pens\n\n1 <book>\n") == (
        "1. 2 pens; 2. 1 <book>",
        "<ul><li>2 pens<li>1 &lt;book&gt;</ul>x",
    )
    assert said() == ("none", "x")
    with pytest.raises(UnfillableError):
        said(rows="x\n" * 101)
