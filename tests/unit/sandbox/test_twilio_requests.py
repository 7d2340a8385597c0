"""What Twilio in the sandbox checks in a message, and what it shows of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.inbox import ShownFile
from sandbox.providers.twilio_requests import problem_of, read_form, shown

WHATSAPP = {"To": "whatsapp:+15550002222", "From": "whatsapp:+15550001111"}
SMS = {"To": "+15550002222", "From": "+15550001111"}
PLACE = "geo:52.5,-13.25|Street 1"


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({**WHATSAPP, "Body": "Home", "PersistentAction": PLACE}, None),
        ({**WHATSAPP, "Body": "Home", "PersistentAction": "geo:x,y"}, 63030),
        ({**SMS, "Body": "Home", "PersistentAction": PLACE}, 63030),
        ({**WHATSAPP, "PersistentAction": PLACE}, 21602),
        ({**WHATSAPP, "ContentSid": "HX1", "ContentVariables": "[]"}, 21656),
    ],
)
def test_checks_as_twilio_does(form: dict[str, str], problem: int | None) -> None:
    """A place goes by WhatsApp alone, beside a text."""
    assert problem_of(form) == problem


FILES = ("https://files.example.com/a.png", "https://files.example.com/b.png")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("Body", "Hi")], {"text": "Hi", "files": ()}),
        (
            [("Body", "Home"), ("PersistentAction", PLACE)],
            {"text": "Home\nStreet 1\ngeo:52.5,-13.25"},
        ),
        (
            [("MediaUrl", url) for url in FILES],
            {"text": "", "files": tuple(ShownFile(url=url) for url in FILES)},
        ),
        (
            [("ContentSid", "HX1"), ("ContentVariables", '{"1": "Ada", "2": 7}')],
            {"template": "HX1", "variables": {"1": "Ada", "2": "7"}, "text": ""},
        ),
    ],
)
def test_shows_what_the_recipient_sees(
    fields: list[tuple[str, str]], expected: dict[str, Any]
) -> None:
    """A template's words are Twilio's alone: its name and variables are shown."""
    found = shown(read_form(urlencode([*WHATSAPP.items(), *fields])))
    assert {name: getattr(found, name) for name in expected} == expected
