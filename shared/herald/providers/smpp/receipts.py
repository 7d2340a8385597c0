"""What a delivery receipt says, in optional parameters or in the text of appendix B. Pure.

Source: SMPP 3.4, sections 5.2.28, 5.3.2.12, 5.3.2.31, 5.3.2.35 and appendix B. The text is a
convention: networks leave fields out, add seconds, write `err` in letters and `Text` in capitals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from herald.contracts.failures import Failure
from herald.contracts.text import storable
from herald.contracts.vocabulary import Status
from herald.providers.smpp.account import SmppAccount
from herald.providers.smpp.errors import FAILED_STATES, NETWORK_ERRORS, NETWORKS
from herald.providers.smpp.message_ids import canonical
from herald.providers.smpp.pdus import (
    MESSAGE_STATE,
    NETWORK_ERROR_CODE,
    RECEIPTED_MESSAGE_ID,
    Message,
)

TYPE_BITS = 0x3C  # of esm_class (5.2.12)
RECEIPT, INTERMEDIATE = 0x04, 0x20

# Appendix B, and what message_state says with a number (5.2.28).
STATES: dict[str, Status] = {
    "SCHEDULED": Status.OTHER,  # SMPP 5.0: not sent yet
    "ENROUTE": Status.SENT,
    "DELIVRD": Status.DELIVERED,
    "EXPIRED": Status.FAILED,  # the SMSC tried until the validity period's end
    "DELETED": Status.FAILED,  # by somebody
    "UNDELIV": Status.FAILED,
    "ACCEPTD": Status.SENT,  # read by an operator's desk on behalf of the subscriber
    "UNKNOWN": Status.OTHER,
    "REJECTD": Status.FAILED,  # by the SMSC or the network
    "SKIPPED": Status.FAILED,  # SMPP 5.0
}
NUMBERS: dict[int, str] = {
    0: "SCHEDULED",
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
    9: "SKIPPED",
}
# Some networks write words in full.
LONG_WORDS: dict[str, str] = {
    "DELIVERED": "DELIVRD",
    "UNDELIVERABLE": "UNDELIV",
    "UNDELIVERED": "UNDELIV",
    "ACCEPTED": "ACCEPTD",
    "REJECTED": "REJECTD",
    "FAILED": "UNDELIV",
}
_FIELD = re.compile(
    r"(?:^|(?<=[\s;,]))(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text):", re.IGNORECASE
)
_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?")
_NO_ERROR = re.compile(r"0*")
_MAX_FIELD = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReceipt:
    """What became of a message, as far as it is said."""

    reference: str | None  # None: of which message it is can't be read
    state: str  # as in STATES, or the network's own word; empty: none
    status: Status
    failure: Failure | None
    done_at: datetime | None
    fields: Mapping[str, str]  # ids, codes and times, for the history


def is_receipt(message: Message) -> bool:
    """Whether a deliver_sm is a receipt.

    Its text alone never makes it one: anybody may write such a text to our number.
    """
    has_state = {RECEIPTED_MESSAGE_ID, MESSAGE_STATE} <= message.tlvs.keys()
    return message.esm_class & TYPE_BITS in {RECEIPT, INTERMEDIATE} or has_state


def read_receipt(account: SmppAccount, message: Message) -> DeliveryReceipt:
    """Read a receipt; optional parameters count before the text."""
    fields = read_text(text_of(message))
    _add_parameters(fields, message)
    written = fields.get("receipted_message_id") or fields.get("id", "")
    state = _state(fields)
    status = STATES.get(state, Status.OTHER)
    if message.esm_class & TYPE_BITS == INTERMEDIATE and status is not Status.SENT:
        status = Status.OTHER  # a try that was not the last one
    failure = _failure(account, state, fields, message) if status is Status.FAILED else None
    return DeliveryReceipt(
        reference=canonical(written, account.receipt_ids, ignore_case=account.ids_ignore_case),
        state=state,
        status=status,
        failure=failure,
        done_at=read_time(fields.get("done_date", ""), account.time_zone),
        fields=fields,
    )


def text_of(message: Message) -> str:
    """Return a receipt's text: networks write it in ASCII whatever their default alphabet is."""
    is_wide = b"\0" in message.octets[:2]
    return message.octets.decode("utf-16-be" if is_wide else "latin-1", "replace")


def read_text(text: str) -> dict[str, str]:
    """Read the fields that are there, by their names in small letters; the message's text not."""
    fields: dict[str, str] = {}
    found = list(_FIELD.finditer(text))
    for number, match in enumerate(found):
        name = re.sub(r"[ _]?date", "_date", match[1].lower())
        if name == "text":  # the last one: what follows is the message's own
            break
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        words = text[match.end() : end].split()
        if words:
            fields.setdefault(name, str(storable(words[0].strip(",;\0")))[:_MAX_FIELD])
    return fields


def read_time(digits: str, zone: str) -> datetime | None:
    """Read YYMMDDhhmm, with seconds or without, with the century or without."""
    century_first = len(digits) == len("YYYYMMDDhhmmss")
    match = _TIME.fullmatch(digits if century_first else f"20{digits}")
    if match is None:
        return None
    century, year, month, day, hour, minute, second = match.groups("0")
    day_and_time = map(int, (century + year, month, day, hour, minute, second))
    try:
        return _local(ZoneInfo(zone), *day_and_time).astimezone(UTC)
    except ValueError:
        return None


def _local(
    zone: ZoneInfo, year: int, month: int, day: int, hour: int, minute: int, second: int
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def _add_parameters(fields: dict[str, str], message: Message) -> None:
    if reference := message.tlvs.get(RECEIPTED_MESSAGE_ID):
        text = reference.partition(b"\0")[0].decode("latin-1")
        fields["receipted_message_id"] = str(storable(text))[:_MAX_FIELD]
    if state := message.tlvs.get(MESSAGE_STATE):
        fields["message_state"] = str(state[0])
    code = message.tlvs.get(NETWORK_ERROR_CODE, b"")
    if len(code) == 3:  # noqa: PLR2004  the network's type, and two octets
        fields["network_error_code"] = f"{code[0]}:{int.from_bytes(code[1:], 'big')}"


def _state(fields: Mapping[str, str]) -> str:
    number = fields.get("message_state")
    if number is not None and int(number) in NUMBERS:
        return NUMBERS[int(number)]
    word = fields.get("stat", "").upper()
    return LONG_WORDS.get(word, word)


def _failure(
    account: SmppAccount, state: str, fields: Mapping[str, str], message: Message
) -> Failure:
    """Choose a class by the codes: the account's own, those of GSM, and else by the state."""
    own, failure_class = account.network_errors, FAILED_STATES[state]
    error, network = fields.get("err", ""), message.tlvs.get(NETWORK_ERROR_CODE, b"")
    code = "" if _NO_ERROR.fullmatch(error) else error
    if len(network) == 3 and any(network[1:]):  # noqa: PLR2004
        number = int.from_bytes(network[1:], "big")
        kind = NETWORKS.get(network[0], "")
        failure_class = NETWORK_ERRORS.get((kind, number), failure_class)
        code = code or str(number)
        failure_class = own.get(str(number), failure_class)
    return Failure.of(own.get(error, failure_class), f"{state}:{code}" if code else state)
