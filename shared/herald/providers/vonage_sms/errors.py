"""What Vonage's SMS API refuses with: the status of a message in its response.

Source: Vonage, "SMS API error codes". Delivery receipts have other codes: `receipt_errors`.
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope

UNREACHABLE = FailureClass.UNREACHABLE
PERMANENT = FailureClass.PERMANENT
TRANSIENT = FailureClass.TRANSIENT
RATE_LIMITED = FailureClass.RATE_LIMITED
AUTH = FailureClass.AUTH

FAILURE_CLASSES: dict[int, FailureClass] = {
    1: RATE_LIMITED,  # throttled; never processed
    2: PERMANENT,  # a parameter is missing
    3: PERMANENT,  # a parameter is invalid
    4: AUTH,  # wrong credentials
    5: TRANSIENT,  # internal error
    6: PERMANENT,  # an invalid message, or a number's prefix nobody knows
    7: UNREACHABLE,  # the number is barred at Vonage
    8: AUTH,  # the account is barred
    9: AUTH,  # no credit
    10: RATE_LIMITED,  # too many connections
    11: AUTH,  # the account may not use this API
    12: PERMANENT,  # too long
    14: AUTH,  # wrong signature
    15: PERMANENT,  # not a sender of ours
    17: PERMANENT,  # blocked by the provider behind Vonage
    22: PERMANENT,  # network code
    23: PERMANENT,  # callback URL
    29: PERMANENT,  # a demo account, and not on its list
    32: AUTH,  # signed, and with the API secret
    33: UNREACHABLE,  # the number is not in use any more
}

SCOPES: dict[int, Scope] = {1: Scope.ACCOUNT, 10: Scope.ACCOUNT}
# What says nothing about the account's other calls: it lies in the sender or the recipient.
OF_MESSAGE = frozenset({7, 15, 29, 33})


def refusal_class(status: int) -> FailureClass:
    """Return the class of a response's status; an unknown one was not taken either."""
    return FAILURE_CLASSES.get(status, PERMANENT)
