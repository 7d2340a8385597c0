"""Templates as the tests need them."""

from __future__ import annotations

import tomllib
from typing import Any

from herald.contracts.content import Template
from herald.templates.configuration import Templates
from herald.templates.filled import Filled
from herald.templates.filling import Filler

ORDER = """
[order]
version = 2
[order.variables]
name = {longest = 20}
count = {type = "integer", default = "1"}
link = {type = "url", required = false}
[order.locales.en]
text = "Hello {{ name }}: {{ count }} parcel{% if count != 1 %}s{% endif %}.{% include 'footer' %}"
subject = "Order of {{ name }}"
html = "<p>{{ name }}</p>{% if link %}<a href='{{ link }}'>Track</a>{% endif %}"
[order.locales.en.overrides.sms]
text = "{{ name }}: {{ count }}"
[order.locales.de]
text = "Hallo {{ name }}{% include 'footer' %}"
[order.locales.de.overrides.whatsapp.template]
name = "order_sent"
language = "de"
variables = {1 = "{{ name }}", 2 = "{{ count }}"}
[order.locales.pt-BR]
text = "Oi {{ name }}"
[order.earlier.1]
variables = {name = {}}
[order.earlier.1.locales.en]
text = "Dear {{ name }}"

[footer.locales.en]
text = " -- Acme"
[footer.locales.de]
text = " -- Acme GmbH"
"""


def templates(text: str = ORDER) -> Templates:
    """Read `[templates]`, without the word in front of each table."""
    return Templates.model_validate(tomllib.loads(text))


def filler_of(made: Templates) -> Filler:
    assert made.filler is not None
    return made.filler


def problems(text: str) -> list[str]:
    return list(templates(text).problems(["sms", "whatsapp", "email"], ["default"]))


def fill(channel: str, *locales: str | None, version: int | None = None, **values: str) -> Filled:
    """Fill in the order."""
    filler = filler_of(templates())
    found = filler.find("order", "default")
    assert found is not None
    asked: dict[str, Any] = {"name": "order", "version": version, "variables": values}
    return filler.fill(found, Template.model_validate(asked), locales, channel)
