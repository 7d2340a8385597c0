"""What an SMSC sends by itself, as receipts for the router. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from herald.contracts.inbound import InboundContent, InboundPart
from herald.contracts.receipts import AttemptReceipt, InboundReceipt, bounded_element
from herald.contracts.text import storable
from herald.contracts.vocabulary import InboundKind, Status
from herald.providers.lenient_json import event_key, phone
from herald.providers.smpp.account import SmppAccount
from herald.providers.smpp.alphabets import decoded
from herald.providers.smpp.concatenation import part_of
from herald.providers.smpp.pdus import Address, Message
from herald.providers.smpp.receipts import DeliveryReceipt, is_receipt, read_receipt, text_of

NAME = "smpp"
UNREAD = "unread:"  # of a receipt without an id that can be read: kept until somebody looks
_SHORTEST_NUMBER = 7  # in digits; what has fewer is a short code
_UNREAD_CHARACTERS = 1024
_MOST_CHARACTERS = 8000  # of a text: hundreds of SMS long
_INTERNATIONAL_TONS = frozenset({0, 1})  # SMPP 3.4, 5.2.5; networks often leave it unknown


@dataclass(frozen=True, slots=True)
class Recipient:
    """The account that something arrives for."""

    name: str  # in herald.toml
    options: SmppAccount


def receipt_of(
    recipient: Recipient, message: Message, reference: str, now: datetime
) -> AttemptReceipt | InboundReceipt:
    """Read a deliver_sm; `reference` is the name of what a recipient wrote, which has none."""
    if is_receipt(message):
        return status_receipt(recipient, message, now)
    return inbound_receipt(recipient, message, reference, now)


def status_receipt(recipient: Recipient, message: Message, now: datetime) -> AttemptReceipt:
    """Read a delivery receipt. One that can't be read becomes a dead letter: no id is like its."""
    account, found = recipient.options, read_receipt(recipient.options, message)
    element: Any = dict(found.fields)
    reference, status = found.reference, found.status
    if reference is None:
        digest = hashlib.sha256(message.octets + repr(sorted(message.tlvs.items())).encode())
        reference, status = UNREAD + digest.hexdigest()[:32], Status.OTHER
        element["text"] = storable(text_of(message)[:_UNREAD_CHARACTERS])
    return AttemptReceipt(
        source="channel",
        channel=account.channel,
        provider=NAME,
        account=recipient.name,
        references=(reference,),
        status=status,
        event_key=_key(found),
        failure=found.failure if status is Status.FAILED else None,
        occurred_at=found.done_at,
        received_at=now,
        element=element,
    )


def _key(found: DeliveryReceipt) -> str:
    """Name the event: an SMSC repeats a receipt as it was."""
    fields = found.fields
    codes = fields.get("err", ""), fields.get("network_error_code", "")
    return event_key(found.state, fields.get("done_date", ""), *codes)


def inbound_receipt(
    recipient: Recipient, message: Message, reference: str, now: datetime
) -> InboundReceipt:
    """Read what somebody wrote; each part of a long text is one, with its number."""
    part, octets = part_of(message)
    text = decoded(octets, message.data_coding, recipient.options.default_alphabet)
    is_whole = text is not None and len(text) <= _MOST_CHARACTERS
    content = InboundContent(
        content=InboundKind.OTHER if text is None else InboundKind.TEXT,
        text=None if text is None else str(storable(text[:_MOST_CHARACTERS])),
        part=None
        if part is None
        else InboundPart(reference=f"{part.reference}", number=part.number, total=part.total),
    )
    return InboundReceipt(
        **dict(content),
        channel=recipient.options.channel,
        provider=NAME,
        account=recipient.name,
        reference=reference,
        sender=number_of(message.source) or "unknown",
        recipient=number_of(message.destination),
        received_at=now,
        element=bounded_element(_element(message, b"" if is_whole else octets)),
    )


def number_of(address: Address) -> str | None:
    """Return a number in E.164 where it is one, else as the SMSC writes it; None: there is none."""
    written = address.number.strip()
    digits = written.removeprefix("+")
    if address.ton in _INTERNATIONAL_TONS and len(digits) >= _SHORTEST_NUMBER:
        return phone(digits) or written
    return written or None


def _element(message: Message, octets: bytes) -> dict[str, Any]:
    element: dict[str, Any] = {
        "esm_class": message.esm_class,
        "data_coding": message.data_coding,
        "protocol_id": message.protocol_id,
        "service_type": message.service_type,
        "source_ton": message.source.ton,
        "tlvs": {f"0x{tag:04X}": value[:64].hex() for tag, value in message.tlvs.items()},
    }
    return element | ({"octets": octets.hex()} if octets else {})
