"""PDUs of SMPP 3.4 as bytes and back. Pure.

Source: "Short Message Peer to Peer Protocol Specification v3.4", sections 3.2, 4 and 5.

Hand-made, for aiosmpplib's classes refuse what networks send: a vendor's command_status (its enum
holds the standard's), a data_coding, TON or NPI without a name, a receipt in TLVs without a text, a
password over 8 characters; and its ESME keeps queues, a correlator and a reconnection of its own.
Tests hold what is written here against its decoder.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

GENERIC_NACK = 0x8000_0000
BIND_RECEIVER = 0x0000_0001
BIND_TRANSMITTER = 0x0000_0002
SUBMIT_SM = 0x0000_0004
DELIVER_SM = 0x0000_0005
UNBIND = 0x0000_0006
BIND_TRANSCEIVER = 0x0000_0009
OUTBIND = 0x0000_000B
ENQUIRE_LINK = 0x0000_0015
ALERT_NOTIFICATION = 0x0000_0102
DATA_SM = 0x0000_0103
RESPONSE = 0x8000_0000  # set in the command of each response

HEADER_BYTES = 16
MAX_PDU_BYTES = 128 * 1024  # a message_payload has 64 KiB at most
MAX_SEQUENCE = 0x7FFF_FFFF
MAX_SHORT_MESSAGE = 254

HAS_UDH = 0x40  # in esm_class: the text begins with a user data header
_HEADER = struct.Struct(">IIII")

RECEIPTED_MESSAGE_ID = 0x001E
USER_REFERENCE = 0x0204  # user_message_reference
SAR_REFERENCE = 0x020C
SAR_TOTAL = 0x020E
SAR_NUMBER = 0x020F
NETWORK_ERROR_CODE = 0x0423
MESSAGE_PAYLOAD = 0x0424
MESSAGE_STATE = 0x0427


class MalformedError(Exception):
    """Bytes that are no such PDU."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU; the fields of its body are read apart, for they depend on the command."""

    command: int
    sequence: int
    status: int = 0
    body: bytes = field(default=b"", repr=False)

    @property
    def is_response(self) -> bool:
        return bool(self.command & RESPONSE)

    def encoded(self) -> bytes:
        """Return it as it travels."""
        length = HEADER_BYTES + len(self.body)
        return _HEADER.pack(length, self.command, self.status, self.sequence) + self.body


@dataclass(frozen=True, slots=True)
class Address:
    """A number or name, with its type (TON) and its plan (NPI)."""

    ton: int = 0
    npi: int = 0
    number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The fields of submit_sm and deliver_sm (4.4.1, 4.6.1), and those of data_sm."""

    service_type: str = ""
    source: Address = Address()
    destination: Address = Address()
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    registered_delivery: int = 0
    replace: int = 0
    data_coding: int = 0
    default_message: int = 0
    short_message: bytes = field(default=b"", repr=False)
    tlvs: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    @property
    def octets(self) -> bytes:
        """What it says, from either of the fields that may hold it."""
        return self.short_message or self.tlvs.get(MESSAGE_PAYLOAD, b"")


def read_header(header: bytes) -> tuple[int, Pdu]:
    """Return how many bytes the body has, and the PDU without it.

    Raises:
        MalformedError: no PDU has such a length: whatever follows can't be read.
    """
    length, command, status, sequence = _HEADER.unpack(header)
    if not HEADER_BYTES <= length <= MAX_PDU_BYTES:
        raise MalformedError
    return length - HEADER_BYTES, Pdu(command, sequence, status)


def write_bind(
    *, system_id: str, password: str, system_type: str, version: int, addresses: Address
) -> bytes:
    """Write the body of any bind (4.1.1, 4.1.3, 4.1.5); `addresses`: which ones it serves."""
    names = b"".join(map(_c_string, (system_id, password, system_type)))
    return names + bytes((version,)) + _address(addresses)


def write_message(message: Message) -> bytes:
    """Write the body of submit_sm or deliver_sm."""
    return b"".join(
        (
            _c_string(message.service_type),
            _address(message.source),
            _address(message.destination),
            bytes((message.esm_class, message.protocol_id, message.priority)),
            _c_string(message.schedule),
            _c_string(message.validity),
            bytes((message.registered_delivery, message.replace, message.data_coding)),
            bytes((message.default_message, len(message.short_message))),
            message.short_message,
            write_tlvs(message.tlvs),
        )
    )


def write_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    """Write optional parameters (3.2.4)."""
    return b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tlvs.items())


def read_message(body: bytes) -> Message:
    """Read the body of submit_sm or deliver_sm.

    Raises:
        MalformedError: it ends before its fields do.
    """
    cursor = Cursor(body)
    return Message(
        service_type=cursor.c_string(),
        source=cursor.address(),
        destination=cursor.address(),
        esm_class=cursor.byte(),
        protocol_id=cursor.byte(),
        priority=cursor.byte(),
        schedule=cursor.c_string(),
        validity=cursor.c_string(),
        registered_delivery=cursor.byte(),
        replace=cursor.byte(),
        data_coding=cursor.byte(),
        default_message=cursor.byte(),
        short_message=cursor.octets(cursor.byte()),
        tlvs=cursor.tlvs(),
    )


def read_data_message(body: bytes) -> Message:
    """Read the body of data_sm (4.7.1), by which some networks send receipts.

    Raises:
        MalformedError: it ends before its fields do.
    """
    cursor = Cursor(body)
    return Message(
        service_type=cursor.c_string(),
        source=cursor.address(),
        destination=cursor.address(),
        esm_class=cursor.byte(),
        registered_delivery=cursor.byte(),
        data_coding=cursor.byte(),
        tlvs=cursor.tlvs(),
    )


def read_message_id(body: bytes) -> str:
    """Read the body of submit_sm_resp; some networks leave out its end, or all of it."""
    return body.partition(b"\0")[0].decode("latin-1").strip()


class Cursor:
    """Reads fields one after the other; text is read as Latin-1, so that no byte is refused."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def octets(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._body):
            raise MalformedError
        found, self._at = self._body[self._at : end], end
        return found

    def byte(self) -> int:
        return self.octets(1)[0]

    def c_string(self) -> str:
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise MalformedError
        found, self._at = self._body[self._at : end], end + 1
        return found.decode("latin-1")

    def address(self) -> Address:
        return Address(self.byte(), self.byte(), self.c_string())

    def tlvs(self) -> dict[int, bytes]:
        """Read what is left; the first of a tag counts, and one that is cut off is left out."""
        found: dict[int, bytes] = {}
        while self._at + 4 <= len(self._body):
            tag, length = struct.unpack_from(">HH", self._body, self._at)
            value = self._body[self._at + 4 : self._at + 4 + length]
            self._at += 4 + length
            if len(value) == length:
                found.setdefault(tag, value)
        return found


def _c_string(text: str) -> bytes:
    return text.encode("latin-1", "replace").replace(b"\0", b"") + b"\0"


def _address(address: Address) -> bytes:
    return bytes((address.ton, address.npi)) + _c_string(address.number)
