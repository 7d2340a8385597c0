"""Forms are written as the standard library writes them."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.forms import form_of

TEXTS = st.one_of(st.text(), st.text(alphabet=[chr(code) for code in range(128)]))


@given(st.lists(st.tuples(TEXTS, TEXTS)))
def test_a_form_is_what_urlencode_writes(fields: list[tuple[str, str]]) -> None:
    """Any names and values, in their order, repeated ones too."""
    assert form_of(fields) == urlencode(fields).encode()


@pytest.mark.parametrize("character", [chr(code) for code in range(0x100)])
def test_each_character_is_written_as_urlencode_does(character: str) -> None:
    """Alone and among others, those that stay as they are and those that are escaped."""
    fields = {"name": f"{character}", character: f"a%{character} +é{character}"}
    assert form_of(fields) == urlencode(fields).encode()


def test_half_a_character_is_refused_as_urlencode_does() -> None:
    """A lone surrogate has no bytes in UTF-8."""
    with pytest.raises(UnicodeEncodeError):
        form_of({"text": "\ud83d"})
