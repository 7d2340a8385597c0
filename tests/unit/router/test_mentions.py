"""How addresses are found in what others wrote: in every form, and no other's."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentioning import mentions
from router.store.mentions import mentions_of

PHONE, EMAIL = "+15550002222", "Zoë.Smith+news@Example.com"


@pytest.mark.parametrize(
    "text",
    [
        "+15550002222",
        "to 15550002222.",
        "0015550002222",
        "whatsapp:+1 (555) 000-2222",
        "From=%2B15550002222&To=x",
        r'{"to": "\u002b15550002222"}',
        "1-555-000-2222",
    ],
)
def test_a_number_is_found(text: str) -> None:
    """With or without its plus, in groups, and as URLs and JSON write it."""
    assert mentions(text, [PHONE])


@pytest.mark.parametrize("text", ["915550002222", "155500022223", "5550002222", "2222", ""])
def test_another_number_is_not_found(text: str) -> None:
    """A longer number that holds it is somebody else's."""
    assert not mentions(text, [PHONE])


@pytest.mark.parametrize(
    "text",
    [
        EMAIL,
        EMAIL.upper(),
        f"Zoë <{EMAIL}>: no such mailbox",
        f"mailto={quote(EMAIL)}",
        json.dumps({"to": EMAIL}),
        EMAIL.replace("@", r"\u0040"),
        EMAIL.replace("ë", r"\303\253"),
        EMAIL.replace("@", "=40"),
    ],
)
def test_an_email_address_is_found(text: str) -> None:
    """In any case, and as JSON, URLs, quoted-printable and PostgreSQL's escapes write it."""
    assert mentions(text, [EMAIL])


@pytest.mark.parametrize("text", ["maria@example.com", "a@example.com.au", "a@example.community"])
def test_another_mailbox_is_not_found(text: str) -> None:
    """Neither one whose name ends alike, nor one at a longer domain."""
    assert not mentions(text, ["a@example.com"])


def test_an_id_of_whatsapps_holds_its_recipient() -> None:
    """In base64, between other bytes."""
    wamid = base64.b64encode(b"\x1c\x18\x0b15550002222\x15\x02\x00\x11\x18\x12").decode()
    assert mentions(f"wamid.{wamid}", [PHONE])


def test_meta_s_own_id_of_a_user_is_found() -> None:
    """Users who show no number have one."""
    assert mentions('"from_user_id":"US.1234"', ["US.1234"])
    assert not mentions('"from_user_id":"US.12345"', ["US.1234"])


@given(
    before=st.binary(max_size=20),
    after=st.binary(max_size=20),
    digits=st.text("0123456789", min_size=7, max_size=15),
)
def test_base64_is_found_wherever_it_begins(before: bytes, after: bytes, digits: str) -> None:
    """Three bytes are four characters, so a text looks otherwise by where it begins."""
    encoded = base64.b64encode(before + digits.encode() + after).decode()
    assert any(part in encoded for part in mentions_of([f"+{digits}"]).parts)


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=4))
def test_every_address_is_a_pattern(addresses: list[str]) -> None:
    """Whatever characters an address has, its pattern can be searched for."""
    mentions("text", addresses)
