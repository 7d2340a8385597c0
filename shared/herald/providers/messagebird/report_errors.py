"""Why a text was not delivered: `statusErrorCode` and `statusReason` of a report.

Source: MessageBird, "SMS error codes" and "Status reasons". Codes below 100 are those of mobile
networks (3GPP TS 29.002).
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass

UNREACHABLE = FailureClass.UNREACHABLE
PERMANENT = FailureClass.PERMANENT
TRANSIENT = FailureClass.TRANSIENT
RATE_LIMITED = FailureClass.RATE_LIMITED
AUTH = FailureClass.AUTH
OPTED_OUT = FailureClass.OPTED_OUT

REPORT_CODES: dict[int, FailureClass] = {
    1: UNREACHABLE,  # unknown subscriber
    5: UNREACHABLE,  # unidentified subscriber
    6: UNREACHABLE,  # absent subscriber
    7: UNREACHABLE,  # unknown equipment
    8: UNREACHABLE,  # roaming not allowed
    9: UNREACHABLE,  # illegal subscriber
    11: UNREACHABLE,  # no service for SMS
    12: UNREACHABLE,  # illegal equipment
    13: UNREACHABLE,  # barred
    21: UNREACHABLE,  # the handset takes no SMS
    27: UNREACHABLE,  # absent subscriber
    31: TRANSIENT,  # subscriber busy
    32: TRANSIENT,  # delivery failure, such as a full memory
    33: TRANSIENT,  # message waiting list full
    34: TRANSIENT,  # system failure
    35: PERMANENT,  # data missing
    36: PERMANENT,  # unexpected data
    103: OPTED_OUT,  # wrote STOP
    104: PERMANENT,  # the sender is not registered
    105: PERMANENT,  # the content is not registered
    106: RATE_LIMITED,  # the campaign's volume
    107: RATE_LIMITED,  # the campaign's throughput
}

# a failure without such a code
REASONS: dict[str, FailureClass] = {
    "capacity limit reached": RATE_LIMITED,
    "carrier rejected": PERMANENT,
    "dlr not received": UNREACHABLE,
    "expired": UNREACHABLE,
    "generic delivery failure": UNREACHABLE,
    "incorrect number": UNREACHABLE,
    "insufficient balance": AUTH,
    "opted out": OPTED_OUT,
    "received network error": TRANSIENT,
    "unavailable subscriber": UNREACHABLE,
    "unknown subscriber": UNREACHABLE,
}


def report_class(code: int | None, reason: str) -> FailureClass:
    """Return the class of a report's code, else of its reason; without either: unreachable."""
    words = reason.lower().replace("_", " ")
    return REPORT_CODES.get(code or 0) or REASONS.get(words, UNREACHABLE)
