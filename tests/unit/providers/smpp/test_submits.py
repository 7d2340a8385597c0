"""What is submitted of a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.content import Media
from herald.contracts.content.segments import count_segments
from herald.contracts.failures import Failure
from herald.providers.rendered import RenderedSms
from herald.providers.smpp.account import SmppAccount
from herald.providers.smpp.alphabets import Alphabet, decoded
from herald.providers.smpp.concatenation import LongMessages, part_of
from herald.providers.smpp.pdus import MESSAGE_PAYLOAD, Address, Message
from herald.providers.smpp.submits import source_of, validity, write_submits
from unit.providers.smpp.making import account, work

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PICTURE = Media(url="https://example.com/a.png")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=500)


def submits(text: str, **options: Any) -> list[Message]:
    """Write the submits of a text."""
    found = write_submits(account(**options), work(text), RenderedSms(text=text), 0x1234, NOW)
    assert isinstance(found, list)
    return found


def said(options: SmppAccount, messages: list[Message]) -> str:
    """Read what a phone would show."""
    parts = [part_of(message)[1] for message in messages]
    coding = messages[0].data_coding
    return "".join(decoded(part, coding, options.default_alphabet) or "" for part in parts)


@pytest.mark.parametrize("how", LongMessages)
@given(text=TEXTS)
def test_a_text_arrives_whole(how: LongMessages, text: str) -> None:
    """Put together again, the parts say the text; each fits into an SMS."""
    messages = submits(text, long_messages=how)
    assert said(account(), messages) == text
    for number, message in enumerate(messages, start=1):
        part, _ = part_of(message)
        assert len(message.short_message) <= 160
        if len(messages) > 1:
            assert part is not None
            assert (part.number, part.total) == (number, len(messages))


@given(text=TEXTS)
def test_as_many_parts_as_are_counted(text: str) -> None:
    """What a message costs is what was counted before."""
    assert len(submits(text)) == count_segments(text)


@given(text=TEXTS, alphabet=st.sampled_from(["latin-1", "ascii"]))
def test_another_default_alphabet(text: str, alphabet: str) -> None:
    """What a network means by data_coding 0 is written so."""
    options = account(alphabet=alphabet, default_alphabet=alphabet)
    messages = submits(text, alphabet=alphabet, default_alphabet=alphabet)
    assert said(options, messages) == text


@pytest.mark.parametrize(
    ("options", "text", "data_coding"),
    [
        ({}, "Grüße €", 0),
        ({}, "Привет", 8),
        ({"alphabet": "latin-1"}, "Grüße", 3),
        ({"alphabet": "latin-1"}, "€", 8),
        ({"alphabet": "latin-1", "default_alphabet": "latin-1"}, "Grüße", 0),
        ({"alphabet": "ascii"}, "Hello", 1),
        ({"alphabet": "ucs-2"}, "Hello", 8),
    ],
)
def test_data_coding(options: dict[str, Any], text: str, data_coding: int) -> None:
    """By what the account says of its SMSC."""
    assert submits(text, **options)[0].data_coding == data_coding


def test_headers_of_both_sizes() -> None:
    """A reference of 8 bits, and of 16 (3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8)."""
    short, long = submits("x" * 161), submits("x" * 161, long_messages="udh-16")
    assert short[1].short_message[:6] == bytes((5, 0, 3, 0x34, 2, 2))
    assert long[1].short_message[:7] == bytes((6, 8, 4, 0x12, 0x34, 2, 2))
    assert {message.esm_class for message in [*short, *long]} == {0x40}


def test_optional_parameters_in_place_of_headers() -> None:
    """With `sar`, and with `payload` one submit that has it all."""
    [_, last] = submits("x" * 161, long_messages="sar")
    assert last.tlvs == {0x020C: b"\x12\x34", 0x020E: b"\x02", 0x020F: b"\x02"}
    [whole] = submits("x" * 161, long_messages="payload")
    assert (whole.short_message, whole.tlvs[MESSAGE_PAYLOAD]) == (b"", b"x" * 161)


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, [2, 2, 1]),
        ({"part_receipts": "all"}, [1, 1, 1]),
        ({"part_receipts": "none"}, [0, 0, 1]),
        ({"registered_delivery": "failure"}, [2, 2, 2]),
        ({"registered_delivery": "none"}, [0, 0, 0]),
    ],
)
def test_which_receipts_are_asked_for(options: dict[str, Any], asked: list[int]) -> None:
    """The last part's delivery stands for the message's; every part's failure counts."""
    messages = submits("x" * 400, **options)
    assert [message.registered_delivery for message in messages] == asked


@pytest.mark.parametrize(
    ("sender", "options", "source"),
    [
        ("+15559990000", {}, Address(1, 1, "15559990000")),
        ("15559990000", {}, Address(1, 1, "15559990000")),
        ("12345", {}, Address(3, 0, "12345")),
        ("Herald", {}, Address(5, 0, "Herald")),
        (None, {}, Address(0, 0, "")),
        ("Herald", {"source_ton": 0, "source_npi": 8}, Address(0, 8, "Herald")),
    ],
)
def test_who_sends(sender: str | None, options: dict[str, Any], source: Address) -> None:
    """A number, a short code, a name, or whatever the SMSC chooses."""
    assert source_of(account(**options), sender) == source


@pytest.mark.parametrize("sender", ["x" * 21, "Gruß", "a\0b"])
def test_no_sender_that_it_can_write(sender: str) -> None:
    """Refused before anything is sent."""
    found = write_submits(account(), work(sender=sender), RenderedSms(text="x"), 1, NOW)
    assert isinstance(found, Failure)
    assert found.code == "bad_sender"


@pytest.mark.parametrize(
    ("content", "to", "code"),
    [
        (
            RenderedSms(text="x", media=(Media(url="https://example.com/a.png"),)),
            "+1555",
            "media_unsupported",
        ),
        (RenderedSms(text="x" * 40_000), "+1555", "too_long"),
        (RenderedSms(text="x"), "somebody", "no_number"),
        (RenderedSms(text="x"), "+" + "1" * 21, "no_number"),
    ],
)
def test_what_can_not_be_submitted(content: RenderedSms, to: str, code: str) -> None:
    """It is said why."""
    found = write_submits(account(), work(to=to), content, 1, NOW)
    assert isinstance(found, Failure)
    assert found.code == code


@pytest.mark.parametrize(
    ("how", "left", "written"),
    [
        ("relative", timedelta(minutes=10), "000000001000000R"),
        ("relative", timedelta(days=2, hours=3, seconds=4), "000002030004000R"),
        ("relative", timedelta(days=45), "000115000000000R"),
        ("relative", timedelta(seconds=-5), "000000000001000R"),
        ("relative", timedelta(days=4000), "001204235959000R"),
        ("absolute", timedelta(minutes=10), "260601121000000+"),
        ("none", timedelta(minutes=10), ""),
    ],
)
def test_until_when_the_network_may_try(how: str, left: timedelta, written: str) -> None:
    """As SMPP 3.4, section 7.1.1, writes times."""
    assert validity(account(validity=how), left, NOW + left) == written


def test_a_reference_of_ours_goes_along() -> None:
    """Where the account says that its SMSC repeats it."""
    assert submits("x", user_reference=True)[0].tlvs == {0x0204: b"\x12\x34"}


def test_alphabet_is_used() -> None:
    """Every alphabet is one that an account may name."""
    assert {account(alphabet=name).alphabet for name in Alphabet} == set(Alphabet)
