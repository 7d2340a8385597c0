"""PDUs as bytes and back, against the specification's example and another implementation."""

from __future__ import annotations

import pytest
from aiosmpplib.protocol import DeliverSm, SmppMessage, SubmitSm
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.smpp.pdus import (
    BIND_TRANSMITTER,
    SUBMIT_SM,
    Address,
    MalformedError,
    Message,
    Pdu,
    read_data_message,
    read_header,
    read_message,
    read_message_id,
    write_bind,
    write_message,
)

NUMBERS = st.text(st.sampled_from("0123456789"), max_size=20)
ADDRESSES = st.builds(Address, st.sampled_from(range(7)), st.sampled_from((0, 1)), NUMBERS)
TLVS = st.dictionaries(st.sampled_from((0x020C, 0x0204)), st.binary(min_size=2, max_size=2))
MESSAGES = st.builds(
    Message,
    source=ADDRESSES,
    destination=ADDRESSES,
    registered_delivery=st.integers(0, 2),
    short_message=st.binary(min_size=1, max_size=254).map(
        lambda octets: bytes(o & 0x7F for o in octets)
    ),
    tlvs=TLVS,
)


def test_the_specifications_own_example() -> None:
    """A bind_transmitter is written as SMPP 3.4, section 3.2.2, shows it."""
    published = bytes.fromhex(
        "0000002F 00000002 00000000 00000001 534D50503354455354 00 7365637265743038 00"
        "5355424D495431 00 00 01 01 00"
    )
    body = write_bind(
        system_id="SMPP3TEST",
        password="secret08",
        system_type="SUBMIT1",
        version=0,
        addresses=Address(1, 1),
    )
    assert Pdu(BIND_TRANSMITTER, 1, body=body).encoded() == published


@given(MESSAGES)
def test_what_is_written_is_read(message: Message) -> None:
    """A message comes back as it was."""
    assert read_message(write_message(message)) == message


@given(MESSAGES)
def test_another_implementation_reads_the_same(message: Message) -> None:
    """The decoder of aiosmpplib finds in our bytes what we put there."""
    pdu = Pdu(SUBMIT_SM, 7, body=write_message(message)).encoded()
    found = SubmitSm.from_pdu(pdu, SmppMessage.parse_header(pdu[:16]), "latin-1")
    assert isinstance(found, SubmitSm)
    assert (found.source.number, found.source.ton) == (message.source.number, message.source.ton)
    assert (found.destination.number, found.destination.npi) == (
        message.destination.number,
        message.destination.npi,
    )
    assert found.short_message.encode("latin-1") == message.short_message
    assert found.registered_delivery == message.registered_delivery
    assert {item.tag: item.value.to_bytes(2, "big") for item in found.optional_params} == dict(
        message.tlvs
    )


def test_what_another_implementation_writes_is_read() -> None:
    """A deliver_sm of aiosmpplib's is read."""
    written = DeliverSm(short_message="id:1 stat:DELIVRD", esm_class=4, log_id="1")
    found = read_message(written.pdu()[16:])
    assert (found.esm_class, found.short_message) == (4, b"id:1 stat:DELIVRD")


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Nothing else than `MalformedError` is raised by bytes that are no message."""
    for read in (read_message, read_data_message):
        try:
            read(body)
        except MalformedError:
            continue
    assert isinstance(read_message_id(body), str)


@pytest.mark.parametrize("length", [0, 15, 128 * 1024 + 1, 0x3C3C3C3C])
def test_no_pdu_has_such_a_length(length: int) -> None:
    """A length that can't be is found before anything of that size is read."""
    with pytest.raises(MalformedError):
        read_header(length.to_bytes(4, "big") + bytes(12))


def test_a_parameter_that_is_cut_off_is_left_out() -> None:
    """What comes before it is read."""
    body = write_message(Message(short_message=b"x", tlvs={0x0427: b"\x02"}))
    assert read_message(body + b"\x00\x1e\x00\x09abc").tlvs == {0x0427: b"\x02"}
