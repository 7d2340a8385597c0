"""The submit_sm of a message: one, or one for each part. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.rendered import RenderedSms
from herald.providers.smpp.account import SmppAccount
from herald.providers.smpp.alphabets import DEFAULT, UCS_2_CODING, Alphabet, units
from herald.providers.smpp.concatenation import (
    ALONE,
    EACH,
    MAX_PARTS,
    MAX_PAYLOAD_BYTES,
    LongMessages,
    Part,
    cut,
)
from herald.providers.smpp.pdus import HAS_UDH, MESSAGE_PAYLOAD, USER_REFERENCE, Address, Message

# SMPP 3.4, 5.2.5 and 5.2.6
UNKNOWN, INTERNATIONAL, NETWORK_SPECIFIC, ALPHANUMERIC = 0, 1, 3, 5
NO_PLAN, TELEPHONE = 0, 1
MAX_NUMBER = 20
_LONGEST_SHORT_CODE = 6
CODINGS = {Alphabet.ASCII: 0x01, Alphabet.LATIN_1: 0x03}  # where they are not the default

# SMPP 3.4, 5.2.17
REGISTERED_DELIVERY = {"none": 0, "delivery": 1, "failure": 2}
_DAYS_OF_A_MONTH = 30
_LONGEST = timedelta(days=365)


def write_submits(
    account: SmppAccount, work: Work, content: RenderedSms, reference: int, now: datetime
) -> list[Message] | Failure:
    """Write what is to be submitted, or say why the SMSC could not take it.

    `reference`: 16 bits that tell it, and the parts of it, from other messages.
    """
    if content.media:
        return Failure.of(FailureClass.PERMANENT, "media_unsupported", "SMPP carries texts only")
    number = work.to.removeprefix("+")
    if not number.isdecimal() or len(number) > MAX_NUMBER:
        return Failure.of(FailureClass.UNREACHABLE, "no_number")
    source = source_of(account, work.sender)
    if source is None:
        return Failure.of(FailureClass.AUTH, "bad_sender", "no number or name of 20 characters")
    whole = Message(
        service_type=account.service_type,
        source=source,
        destination=Address(account.destination_ton, account.destination_npi, number),
        validity=validity(account, work.not_after - now, work.not_after),
        registered_delivery=REGISTERED_DELIVERY[account.registered_delivery],
        tlvs={USER_REFERENCE: reference.to_bytes(2, "big")} if account.user_reference else {},
    )
    return _parts(account, whole, content.text, reference)


def source_of(account: SmppAccount, sender: str | None) -> Address | None:
    """Return where a message comes from; without a sender the SMSC chooses."""
    if sender is None:
        return Address(account.source_ton or UNKNOWN, account.source_npi or NO_PLAN)
    number = sender.removeprefix("+")
    if len(number) > MAX_NUMBER or not number.isascii() or not number.isprintable():
        return None
    ton, npi = _kind_of(sender, number)
    return Address(
        ton if account.source_ton is None else account.source_ton,
        npi if account.source_npi is None else account.source_npi,
        number,
    )


def _kind_of(sender: str, number: str) -> tuple[int, int]:
    if not number.isdecimal():
        return ALPHANUMERIC, NO_PLAN
    if not sender.startswith("+") and len(number) <= _LONGEST_SHORT_CODE:
        return NETWORK_SPECIFIC, NO_PLAN
    return INTERNATIONAL, TELEPHONE


def validity(account: SmppAccount, left: timedelta, end: datetime) -> str:
    """Write until when the SMSC may try (7.1.1); empty: as long as it wants."""
    if account.validity == "none":
        return ""
    if account.validity == "absolute":
        return f"{end.astimezone(UTC):%y%m%d%H%M%S}000+"
    left = min(max(left, timedelta(seconds=1)), _LONGEST - timedelta(seconds=1))
    months, days = divmod(left.days, _DAYS_OF_A_MONTH)
    minutes, seconds = divmod(left.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"00{months:02}{days:02}{hours:02}{minutes:02}{seconds:02}000R"


def encoded(account: SmppAccount, text: str) -> tuple[list[bytes], int, str]:
    """Return a text's characters as octets, their data_coding, and what a part of them counts."""
    alphabet = account.alphabet
    found = units(text, alphabet)
    if alphabet is Alphabet.UCS_2 or found is None:
        return units(text, Alphabet.UCS_2) or [], UCS_2_CODING, "octets"
    data_coding = DEFAULT if alphabet is account.default_alphabet else CODINGS[alphabet]
    return found, data_coding, "septets" if alphabet is Alphabet.GSM_7 else "octets"


def _parts(
    account: SmppAccount, whole: Message, text: str, reference: int
) -> list[Message] | Failure:
    characters, data_coding, counts = encoded(account, text)
    whole = replace(whole, data_coding=data_coding)
    octets, how = b"".join(characters), account.long_messages
    if len(octets) <= ALONE[counts]:
        return [replace(whole, short_message=octets)]
    if how is LongMessages.PAYLOAD:
        if len(octets) > MAX_PAYLOAD_BYTES:
            return Failure.of(FailureClass.PERMANENT, "too_long")
        return [replace(whole, tlvs={**whole.tlvs, MESSAGE_PAYLOAD: octets})]
    texts = cut(characters, EACH[counts, how])
    if len(texts) > MAX_PARTS:
        return Failure.of(FailureClass.PERMANENT, "too_long", f"over {MAX_PARTS} parts")
    return list(_numbered(account, whole, texts, reference))


def _numbered(
    account: SmppAccount, whole: Message, texts: list[bytes], reference: int
) -> Iterator[Message]:
    """Give each part its number; by default only the last one's delivery is reported."""
    how, total = account.long_messages, len(texts)
    for number, octets in enumerate(texts, start=1):
        part, message = Part(reference, number, total), whole
        if number < total and account.registered_delivery == "delivery":
            wanted = account.part_receipts
            asked = REGISTERED_DELIVERY["delivery" if wanted == "all" else wanted]
            message = replace(message, registered_delivery=asked)
        if how is LongMessages.SAR:
            yield replace(message, short_message=octets, tlvs={**whole.tlvs, **part.tlvs})
        else:
            header = part.header(how)
            flags = message.esm_class | HAS_UDH
            yield replace(message, esm_class=flags, short_message=header + octets)
