"""Delivery receipts as an SMSC writes them: SMPP 3.4, section 5.2.28 and appendix B. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sandbox.behaviours import Failure, Status
from sandbox.providers.smpp_pdus import (
    NETWORK_ERROR,
    RECEIPT,
    RECEIPTED_ID,
    STATE,
    USER_REFERENCE,
    Submit,
    deliver,
)

Form = Literal["text", "tlv", "both"]

# what a receipt says of a failure: its word, and the network's error (3GPP TS 29.002)
FAILED: dict[Failure, tuple[str, int]] = {
    Failure.UNREACHABLE: ("UNDELIV", 27),
    Failure.UNKNOWN_RECIPIENT: ("UNDELIV", 1),
}
WORDS = {Status.SENT: "ENROUTE", Status.DELIVERED: "DELIVRD"}
NUMBERS = {"ENROUTE": 1, "DELIVRD": 2, "UNDELIV": 5, "REJECTD": 8}
ASKED_BITS, ALWAYS, FAILURES_ONLY = 0x03, 1, 2  # of registered_delivery (5.2.17)
_GSM = b"\x03"
_QUOTED = 20  # characters of the message


def is_asked(submit: Submit, status: Status) -> bool:
    """Whether the client asked for such a receipt."""
    asked = submit.registered_delivery & ASKED_BITS
    return asked == ALWAYS or (asked == FAILURES_ONLY and status is Status.FAILED)


def receipt(
    submit: Submit,
    reference: str,
    status: Status,
    failure: Failure | None,
    form: Form,
    now: datetime,
) -> bytes:
    """Write the body of a deliver_sm; it comes from the recipient of the message."""
    word, error = WORDS.get(status, "UNDELIV"), 0
    if status is Status.FAILED and failure is not None:
        word, error = FAILED.get(failure, ("REJECTD", 0))
    arrived = word == "DELIVRD"
    moment = f"{now:%y%m%d%H%M}"
    quoted = submit.text[:_QUOTED].encode("ascii", "replace").decode()
    text = (
        f"id:{reference} sub:001 dlvrd:{arrived:03} submit date:{moment} done date:{moment} "
        f"stat:{word} err:{error:03} Text:{quoted}"
    )
    tlvs = {RECEIPTED_ID: reference.encode() + b"\0", STATE: bytes((NUMBERS[word],))}
    if error:
        tlvs[NETWORK_ERROR] = _GSM + error.to_bytes(2, "big")
    if form == "text":
        tlvs = {}
    if USER_REFERENCE in submit.tlvs:
        tlvs[USER_REFERENCE] = submit.tlvs[USER_REFERENCE]
    octets = b"" if form == "tlv" else text.encode()
    return deliver(submit.to, submit.source, octets, esm_class=RECEIPT, tlvs=tlvs)
