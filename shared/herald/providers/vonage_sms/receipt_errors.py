"""What carriers report when a text was not delivered: the `err-code` of a delivery receipt.

Source: Vonage, "Delivery receipts, DLR error codes" and "Messaging opted-out numbers". They are not
the codes of responses: a 4 is a recipient's refusal here, and wrong credentials there.
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass

UNREACHABLE = FailureClass.UNREACHABLE
PERMANENT = FailureClass.PERMANENT
TRANSIENT = FailureClass.TRANSIENT
RATE_LIMITED = FailureClass.RATE_LIMITED
OPTED_OUT = FailureClass.OPTED_OUT

# 0 is none
RECEIPT_CODES: dict[int, FailureClass] = {
    1: TRANSIENT,  # unknown
    2: TRANSIENT,  # absent for now
    3: UNREACHABLE,  # absent for good
    4: OPTED_OUT,  # barred by the user
    5: TRANSIENT,  # portability
    6: PERMANENT,  # taken for spam
    7: TRANSIENT,  # handset busy
    8: TRANSIENT,  # network
    9: OPTED_OUT,  # illegal number: the recipient wrote STOP
    10: PERMANENT,  # illegal message
    11: UNREACHABLE,  # no route
    12: UNREACHABLE,  # destination unreachable
    13: UNREACHABLE,  # the subscriber's age
    14: UNREACHABLE,  # blocked by the carrier
    15: PERMANENT,  # the recipient's prepaid credit
    16: RATE_LIMITED,  # the gateway's quota
    33: UNREACHABLE,  # the number is not in use any more
    50: PERMANENT,  # entity filter
    51: PERMANENT,  # header filter
    52: PERMANENT,  # content filter
    53: PERMANENT,  # consent filter
    54: PERMANENT,  # regulation
    99: TRANSIENT,  # general
}

# a failure whose receipt has no code
UNEXPLAINED: dict[str, FailureClass] = {
    "failed": UNREACHABLE,
    "expired": UNREACHABLE,
    "rejected": PERMANENT,
    "deleted": PERMANENT,
}


def receipt_class(code: int | None, word: str) -> FailureClass:
    """Return the class of a receipt's code; without one, or an unknown one, its status decides."""
    return RECEIPT_CODES.get(code or 0) or UNEXPLAINED.get(word, PERMANENT)
