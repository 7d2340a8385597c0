"""Characters as octets and back."""

from __future__ import annotations

import pytest
from aiosmpplib.codec import GSM7BitCodec
from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.content import segments
from herald.providers.smpp.alphabets import BASIC, EXTENSION, Alphabet, decoded, units

GSM_TEXTS = st.text(st.sampled_from(sorted(segments.BASIC | segments.EXTENSION)))


def test_the_alphabet_is_that_of_counting() -> None:
    """Segments are counted with the characters that are sent."""
    assert set(BASIC) - {"\u00a0"} == segments.BASIC
    assert set(EXTENSION.values()) == segments.EXTENSION
    assert len(BASIC) == 128


@given(GSM_TEXTS)
def test_the_default_alphabet_as_another_implementation_has_it(text: str) -> None:
    """Encoded and decoded as aiosmpplib does."""
    found = units(text, Alphabet.GSM_7)
    assert found is not None
    octets = b"".join(found)
    assert octets == GSM7BitCodec().encode(text)[0]
    assert decoded(octets, 0, Alphabet.GSM_7) == text


@pytest.mark.parametrize("alphabet", Alphabet)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_comes_back_or_is_not_in_the_alphabet(alphabet: Alphabet, text: str) -> None:
    """No character becomes another one."""
    found = units(text, alphabet)
    if found is not None:
        default = Alphabet.LATIN_1 if alphabet is Alphabet.UCS_2 else alphabet
        coding = 8 if alphabet is Alphabet.UCS_2 else 0
        assert decoded(b"".join(found), coding, default) == text


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (0x00, b"\x00", "@"),
        (0x01, b"@", "@"),
        (0x03, b"\xe9", "é"),
        (0x06, b"\xbf", "П"),
        (0x08, b"\x20\xac", "€"),
        (0x0E, "한".encode("euc_kr"), "한"),
        (0x10, b"\x00", "@"),  # flash
        (0x18, b"\x20\xac", "€"),  # flash, in UCS-2
        (0xF0, b"\x1b\x65", "€"),
        (0x08, b"\xd8", "\ufffd"),
        (0x00, b"\xff\x1b", "\ufffd"),
        (0x02, b"\x00", None),
        (0x04, b"\x00", None),
        (0xF5, b"\x00", None),
        (0x0B, b"\x00", None),
    ],
)
def test_what_a_data_coding_means(data_coding: int, octets: bytes, text: str | None) -> None:
    """Those of the standard, those of GSM's scheme, and those that are no text."""
    assert decoded(octets, data_coding, Alphabet.GSM_7) == text


def test_the_default_is_the_networks() -> None:
    """A data_coding of 0 means what the account says."""
    assert decoded(b"@\xe9", 0, Alphabet.LATIN_1) == "@é"


@given(st.binary(max_size=40), st.integers(0, 255), st.sampled_from(list(Alphabet)[:3]))
def test_any_octets_are_read(octets: bytes, data_coding: int, default: Alphabet) -> None:
    """Nothing is refused."""
    text = decoded(octets, data_coding, default)
    assert text is None or isinstance(text, str)
