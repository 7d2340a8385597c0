"""What work says: the stored contents as they are, but for what is said at other times."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from herald.contracts.work import WorkContent
from router.core.message import Attempt
from router.outgoing.contents import by_channel, said_by
from unit.router.making import begun, step

HELLO = {"name": "hello", "language": "en", "variables": {"1": "Jane"}}
LATE = {"name": "late", "language": "en", "variables": {}}
REPLY = {"reference": "wamid.1", "account": "whatsapp-main"}


def first_attempt(*, says_template: bool = False) -> Attempt:
    [attempt] = begun(step("whatsapp")).state.attempts
    return replace(attempt, says_template=says_template)


def said(contents: dict[str, Any], *, says_template: bool = False) -> bytes:
    found = said_by(first_attempt(says_template=says_template), by_channel(json.dumps(contents)))
    return bytes(found)


def says(content: bytes, **parts: Any) -> bool:
    return WorkContent.model_validate_json(content) == WorkContent.model_validate(parts)


@given(text=st.text())
def test_a_text_is_taken_over_as_it_is_stored(text: str) -> None:
    """Not a byte of it changes, whatever it says, a field's name in quotes too."""
    content = {"text": text + '"outside_window":', "media": [], "later_part": 1}
    assert said({"whatsapp": content, "sms": {}}) == json.dumps(content).encode()


def test_a_template_for_outside_a_window_is_left_out_inside_it() -> None:
    """Work says what is to be sent now."""
    content = {"text": "Hi", "outside_window": HELLO, "in_reply_to": REPLY}
    assert says(said({"whatsapp": content}), text="Hi", in_reply_to=REPLY)


def test_outside_a_window_the_contents_template_is_said() -> None:
    """It comes before the step's own, and answers what the text would have answered."""
    contents = {
        "whatsapp": {"text": "Hi", "outside_window": HELLO, "in_reply_to": REPLY},
        "whatsapp.1": {"template": LATE},
    }
    assert says(said(contents, says_template=True), template=HELLO, in_reply_to=REPLY)


def test_outside_a_window_the_steps_template_is_said() -> None:
    """Where the content names none."""
    contents = {"whatsapp": {"text": "Hi"}, "whatsapp.1": {"template": LATE}}
    assert says(said(contents, says_template=True), template=LATE)


def test_contents_of_an_earlier_version_are_taken_over() -> None:
    """PostgreSQL may have written blanks between them, and a version before wrote null."""
    stored = '{"whatsapp": {"text": "Hi", "outside_window": null}}'
    assert says(bytes(said_by(first_attempt(), by_channel(stored))), text="Hi")
