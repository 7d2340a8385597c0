"""Delivery receipts, in every form that networks write them in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.receipts import RECEIPT, AttemptReceipt, InboundReceipt
from herald.contracts.text import storable
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.smpp.incoming import Recipient, receipt_of
from herald.providers.smpp.pdus import Address, Message
from herald.providers.smpp.receipts import is_receipt, read_receipt, read_text, read_time
from unit.providers.smpp.making import account

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
APPENDIX_B = (
    b"id:1234567890 sub:001 dlvrd:001 submit date:2606011155 done date:2606011159 "
    b"stat:DELIVRD err:000 Text:Hello id:999 stat:REJECTD"
)


def delivered(text: bytes, esm_class: int = 0x04, **more: Any) -> Message:
    """Make a deliver_sm."""
    return Message(
        source=Address(1, 1, "15550001234"), esm_class=esm_class, short_message=text, **more
    )


def status_of(message: Message, **options: Any) -> AttemptReceipt:
    """Read a receipt as the router gets it."""
    found = receipt_of(Recipient("smpp-main", account(**options)), message, "name", NOW)
    assert isinstance(found, AttemptReceipt)
    assert RECEIPT.validate_json(found.model_dump_json(exclude_none=True)) is not None
    return found


def test_the_text_of_the_specification() -> None:
    """Every field of appendix B; what follows `Text` is the message's, and read for nothing."""
    found = status_of(delivered(APPENDIX_B))
    assert (found.references, found.status) == (("1234567890",), Status.DELIVERED)
    assert found.occurred_at == datetime(2026, 6, 1, 11, 59, tzinfo=UTC)
    assert found.element == {
        "id": "1234567890",
        "sub": "001",
        "dlvrd": "001",
        "submit_date": "2606011155",
        "done_date": "2606011159",
        "stat": "DELIVRD",
        "err": "000",
    }


@pytest.mark.parametrize(
    ("text", "reference", "status", "code"),
    [
        (b"id:7 stat:DELIVRD", "7", "delivered", None),
        (b"id:7 stat:DELIVRD err:000", "7", "delivered", None),
        (b"ID:7 STAT:delivrd ERR:000 TEXT:", "7", "delivered", None),
        (b"id:7, stat:DELIVERED", "7", "delivered", None),
        (b"id:7 stat:ENROUTE", "7", "sent", None),
        (b"id:7 stat:ACCEPTD", "7", "sent", None),
        (b"id:7 stat:UNKNOWN", "7", "other", None),
        (b"id:7 stat:WHATEVER", "7", "other", None),
        (b"id:7", "7", "other", None),
        (b"id:7 stat:UNDELIV err:00A text:x", "7", "failed", "UNDELIV:00A"),
        (b"id:7 stat:UNDELIV err:F0", "7", "failed", "UNDELIV:F0"),
        (b"id:7 stat:EXPIRED", "7", "failed", "EXPIRED"),
        (
            b"id:7 submit date:260601115500 done date:260601115930 stat:REJECTD",
            "7",
            "failed",
            "REJECTD",
        ),
        (b"id:ab-7 sub:001\ndlvrd:000\nstat:DELETED err:001", "ab-7", "failed", "DELETED:001"),
        (b"id:7 stat:FAILED err:21", "7", "failed", "UNDELIV:21"),
        (b"\0i\0d\0:\x007\0 \0s\0t\0a\0t\0:\0D\0E\0L\0I\0V\0R\0D", "7", "delivered", None),
    ],
)
def test_other_forms(text: bytes, reference: str, status: str, code: str | None) -> None:
    """Fields that are missing, letters of either size, errors in letters, other separators."""
    found = status_of(delivered(text))
    assert (found.references, found.status) == ((reference,), status)
    assert (found.failure.code if found.failure else None) == code


def test_optional_parameters_count_before_the_text() -> None:
    """A text that says otherwise, or nothing at all, is not asked."""
    tlvs = {0x001E: b"77\0", 0x0427: b"\x05", 0x0423: b"\x03\x00\x1b"}
    for text in (b"", b"id:1 stat:DELIVRD err:000"):
        found = status_of(delivered(text, tlvs=tlvs))
        assert (found.references, found.status) == (("77",), Status.FAILED)
        assert found.failure is not None
        assert (found.failure.failure_class, found.failure.code) == ("unreachable", "UNDELIV:27")


def test_a_payload_holds_the_text() -> None:
    """Where the short message is empty."""
    assert status_of(delivered(b"", tlvs={0x0424: APPENDIX_B})).status is Status.DELIVERED


def test_ids_in_two_forms() -> None:
    """Hexadecimal in the response and decimal in receipts, or the reverse."""
    assert status_of(delivered(b"id:0042 stat:DELIVRD"), receipt_ids="decimal").references == (
        "42",
    )
    assert status_of(delivered(b"id:2A stat:DELIVRD"), receipt_ids="hex").references == ("42",)


@pytest.mark.parametrize(
    ("tlvs", "text", "failure_class"),
    [
        ({0x0423: b"\x03\x00\x22"}, b"stat:UNDELIV", FailureClass.TRANSIENT),
        ({0x0423: b"\x01\x00\x22"}, b"stat:UNDELIV", FailureClass.UNREACHABLE),
        ({}, b"stat:EXPIRED", FailureClass.TRANSIENT),
        ({}, b"stat:REJECTD", FailureClass.PERMANENT),
        ({}, b"stat:REJECTD err:0A1", FailureClass.OPTED_OUT),
        ({0x0423: b"\x08\x03\xe9"}, b"stat:REJECTD", FailureClass.CONTENT),
    ],
)
def test_why_it_failed(tlvs: dict[int, bytes], text: bytes, failure_class: FailureClass) -> None:
    """By the account's own codes, by GSM's, and else by the state."""
    own = {"0A1": "opted_out", "1001": "content"}
    found = status_of(delivered(b"id:1 " + text, tlvs=tlvs), network_errors=own)
    assert found.failure is not None
    assert found.failure.failure_class is failure_class


def test_the_same_again_is_the_same() -> None:
    """A receipt that the SMSC repeats has the same id on the bus; another state has another."""
    first, again = status_of(delivered(APPENDIX_B)), status_of(delivered(APPENDIX_B))
    other = status_of(delivered(APPENDIX_B.replace(b"DELIVRD", b"ENROUTE")))
    assert first.receipt_id == again.receipt_id != other.receipt_id


@pytest.mark.parametrize("text", [b"", b"delivered!", b"Message 4711 for 15550001234: OK", b"\xff"])
def test_a_receipt_that_can_not_be_read_is_kept(text: bytes) -> None:
    """It gets a name that no message has, so that the router keeps it as a dead letter."""
    found = status_of(delivered(text))
    assert found.references[0].startswith("unread:")
    assert found.status is Status.OTHER
    assert "text" in found.element


def test_nobody_can_write_a_receipt_by_sms() -> None:
    """A text from a phone that looks like one stays a text."""
    message = delivered(APPENDIX_B, esm_class=0)
    assert not is_receipt(message)
    found = receipt_of(Recipient("smpp-main", account()), message, "name", NOW)
    assert isinstance(found, InboundReceipt)


def test_an_intermediate_notification_ends_nothing() -> None:
    """A try that failed is not the last one."""
    assert status_of(delivered(b"id:7 stat:UNDELIV", 0x20)).status is Status.OTHER
    assert status_of(delivered(b"id:7 stat:ENROUTE", 0x20)).status is Status.SENT


@pytest.mark.parametrize(
    ("digits", "zone", "found"),
    [
        ("2606011159", "UTC", datetime(2026, 6, 1, 11, 59, tzinfo=UTC)),
        ("260601115930", "UTC", datetime(2026, 6, 1, 11, 59, 30, tzinfo=UTC)),
        ("20260601115930", "UTC", datetime(2026, 6, 1, 11, 59, 30, tzinfo=UTC)),
        ("2606011159", "Europe/Berlin", datetime(2026, 6, 1, 9, 59, tzinfo=UTC)),
        ("2613011159", "UTC", None),
        ("26-06-01", "UTC", None),
        ("", "UTC", None),
        ("26060111", "UTC", None),
    ],
)
def test_times(digits: str, zone: str, found: datetime | None) -> None:
    """With seconds or without, in the network's time zone; else the time is unknown."""
    assert read_time(digits, zone) == found


WORDS = st.sampled_from(
    [b"id:", b"stat:", b"err:", b"done date:", b"text:", b"DELIVRD", b"7", b" ", b"\0", b"\xff"]
)


@given(
    st.lists(WORDS | st.binary(max_size=6), max_size=20).map(b"".join),
    st.sampled_from((0, 4, 8, 0x10, 0x20, 0x40, 0x44)),
    st.integers(0, 255),
    st.dictionaries(
        st.sampled_from((0x001E, 0x0427, 0x0423, 0x0424, 0x020C, 0x020E, 0x020F)),
        st.binary(max_size=8),
    ),
)
def test_anything_becomes_a_receipt(
    text: bytes, esm_class: int, data_coding: int, tlvs: dict[int, bytes]
) -> None:
    """Whatever comes, it is kept in a form that the bus and the database can hold."""
    message = delivered(text, esm_class, data_coding=data_coding, tlvs=tlvs)
    found = receipt_of(Recipient("smpp-main", account(receipt_ids="hex")), message, "name", NOW)
    written = found.model_dump_json(exclude_none=True)
    document = json.loads(written)  # in which a text may say `\u0000`, letter by letter
    assert storable(document) == document
    assert RECEIPT.validate_json(written).receipt_id == found.receipt_id  # type: ignore[union-attr]


def test_long_texts_are_read_in_time() -> None:
    """Fields without end don't make reading slow."""
    assert read_text("id:" * 20_000 + " id: stat:" * 5_000) is not None
    assert read_receipt(account(), delivered(b" id:" * 60)).reference is None
