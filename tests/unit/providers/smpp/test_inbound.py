"""What recipients write, as it comes over SMPP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from herald.contracts.receipts import InboundReceipt
from herald.providers.smpp.incoming import Recipient, number_of, receipt_of
from herald.providers.smpp.pdus import Address, Message
from unit.providers.smpp.making import account

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FROM, TO = Address(1, 1, "15550001234"), Address(1, 1, "15559990000")


def inbound(message: Message) -> InboundReceipt:
    """Read a message from a phone."""
    found = receipt_of(Recipient("smpp-main", account()), message, "name", NOW)
    assert isinstance(found, InboundReceipt)
    return found


def test_a_text() -> None:
    """From a number to one of ours, in the default alphabet."""
    found = inbound(Message(source=FROM, destination=TO, short_message=b"STOP\x00"))
    assert (found.sender, found.recipient, found.text) == ("+15550001234", "+15559990000", "STOP@")
    assert (found.content, found.reference, found.part) == ("text", "name", None)


@pytest.mark.parametrize(
    ("esm_class", "octets", "tlvs"),
    [
        (0x40, b"\x05\x00\x03\x2a\x03\x02Hi", {}),
        (0x40, b"\x06\x08\x04\x00\x2a\x03\x02Hi", {}),
        (0x40, b"\x0a\x24\x01\x00\x00\x03\x2a\x03\x02\xff\x00Hi", {}),
        (0x00, b"Hi", {0x020C: b"\x00\x2a", 0x020E: b"\x03", 0x020F: b"\x02"}),
    ],
)
def test_a_part_of_a_long_text(esm_class: int, octets: bytes, tlvs: dict[int, bytes]) -> None:
    """Each part is published by itself, with its number."""
    found = inbound(Message(source=FROM, esm_class=esm_class, short_message=octets, tlvs=tlvs))
    assert found.text == "Hi"
    assert found.part is not None
    assert (found.part.reference, found.part.number, found.part.total) == ("42", 2, 3)


@pytest.mark.parametrize("octets", [b"\xff\x00\x03", b"\x05\x00\x03\x2a\x00\x00Hi", b"", b"\x00Hi"])
def test_a_header_that_says_nothing(octets: bytes) -> None:
    """A header that is cut off, or of no part, makes no part."""
    assert inbound(Message(source=FROM, esm_class=0x40, short_message=octets)).part is None


def test_octets_that_are_no_text() -> None:
    """They are kept as they are."""
    found = inbound(Message(source=FROM, data_coding=4, short_message=b"\x00\x01"))
    assert (found.content, found.text) == ("other", None)
    assert found.element["octets"] == "0001"


@pytest.mark.parametrize(
    ("address", "number"),
    [
        (Address(1, 1, "15550001234"), "+15550001234"),
        (Address(1, 1, "+15550001234"), "+15550001234"),
        (Address(0, 1, "15550001234"), "+15550001234"),
        (Address(2, 1, "5550001234"), "5550001234"),
        (Address(3, 0, "12345"), "12345"),
        (Address(0, 0, "12345"), "12345"),
        (Address(5, 0, "Bank"), "Bank"),
        (Address(0, 0, ""), None),
    ],
)
def test_numbers(address: Address, number: str | None) -> None:
    """International ones in E.164; short codes, names and national numbers as they are."""
    assert number_of(address) == number


def test_a_text_without_end_is_bounded() -> None:
    """What is over the most that the bus should carry is in the element, as far as that goes."""
    found = inbound(Message(source=FROM, tlvs={0x0424: b"x" * 60_000}))
    assert found.text == "x" * 8000
    assert len(found.model_dump_json()) < 50_000
