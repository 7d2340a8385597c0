"""Error codes of Twilio's Messages API, in its responses and in its status callbacks.

Source: Twilio, "Error and Warning Dictionary".
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope

_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429
_UNAUTHORIZED = 401

UNREACHABLE = FailureClass.UNREACHABLE
PERMANENT = FailureClass.PERMANENT
TRANSIENT = FailureClass.TRANSIENT
RATE_LIMITED = FailureClass.RATE_LIMITED
AUTH = FailureClass.AUTH
OPTED_OUT = FailureClass.OPTED_OUT

FAILURE_CLASSES: dict[int, FailureClass] = {
    21211: UNREACHABLE,  # invalid To
    21214: UNREACHABLE,  # To can't be reached
    21612: UNREACHABLE,  # no route from this From to this To
    21614: UNREACHABLE,  # not a mobile number
    21635: UNREACHABLE,  # a landline
    30003: UNREACHABLE,  # handset unreachable
    30004: UNREACHABLE,  # blocked: perhaps an opt-out
    30005: UNREACHABLE,  # unknown handset
    30006: UNREACHABLE,  # landline or unreachable carrier
    63003: UNREACHABLE,  # no such address on the channel
    63016: UNREACHABLE,  # WhatsApp: the 24 hour window is closed: see OUTSIDE_WINDOW
    63024: UNREACHABLE,  # no such recipient on the channel
    63032: UNREACHABLE,  # WhatsApp does not let this user be reached
    63033: UNREACHABLE,  # the recipient blocked the channel
    21610: OPTED_OUT,  # replied STOP
    14107: RATE_LIMITED,  # over 30 messages in 30 s between two numbers
    20429: RATE_LIMITED,  # too many requests; never processed
    21611: RATE_LIMITED,  # the From number's queue is full
    30001: RATE_LIMITED,  # queue overflow
    30022: RATE_LIMITED,  # US A2P 10DLC rate
    30023: RATE_LIMITED,  # US A2P 10DLC daily cap
    63017: RATE_LIMITED,  # account's throughput
    63018: RATE_LIMITED,  # channel's throughput; also in callbacks
    63038: RATE_LIMITED,  # the account's messages of a day
    30008: TRANSIENT,  # unknown error
    30009: TRANSIENT,  # a segment is missing
    30017: TRANSIENT,  # carrier congested
    30410: TRANSIENT,  # provider timeout
    63012: TRANSIENT,  # channel's provider failed
    20003: AUTH,  # authenticate
    20404: AUTH,  # no such account
    30002: AUTH,  # account suspended
    21408: AUTH,  # permission for this country is off
    21606: AUTH,  # From is not ours
    21608: AUTH,  # trial account: unverified To
    30018: AUTH,  # sender not permitted
    30024: AUTH,  # sender not provisioned
    30032: AUTH,  # toll-free number not verified
    30034: AUTH,  # 10DLC campaign not registered
    63001: AUTH,  # the channel refuses our credentials
    63007: AUTH,  # From is no sender of the channel
    63008: AUTH,  # the channel is set up wrongly
    63020: AUTH,  # trouble with the Business Manager account
    21601: PERMANENT,
    21602: PERMANENT,  # no body
    21604: PERMANENT,  # no To
    21617: PERMANENT,  # body too long
    21656: PERMANENT,  # content variables
    21703: PERMANENT,  # no sender in the service
    30007: PERMANENT,  # filtered by the carrier
    30010: PERMANENT,  # price limit
    30019: PERMANENT,  # content too large
    30036: UNREACHABLE,  # validity expired before the handset was reached
    30400: PERMANENT,
    30450: PERMANENT,
    30453: PERMANENT,
    63005: PERMANENT,  # the channel refuses the content
    63013: PERMANENT,  # the channel's policy
    63015: PERMANENT,  # WhatsApp's sandbox: the recipient has not joined it
    63019: PERMANENT,  # the media can't be fetched
    63021: PERMANENT,  # the channel refuses the content
    63027: PERMANENT,  # WhatsApp: no such template in this language
    63028: PERMANENT,  # WhatsApp: number of template variables
    63030: PERMANENT,  # WhatsApp: a parameter is of no use here
    63031: PERMANENT,  # recipient and sender are the same
    63041: PERMANENT,  # WhatsApp: the template is paused
}

# What is throttled. The others are quotas of a day, or come when the message was taken already.
SCOPES: dict[int, Scope] = {
    14107: Scope.PAIR,
    20429: Scope.ACCOUNT,
    21611: Scope.SENDER,  # hours of messages wait for the number already
    30022: Scope.SENDER,
    63017: Scope.ACCOUNT,
    63018: Scope.SENDER,
}

# What says nothing about the account's other calls: it lies in the sender or the recipient.
OF_MESSAGE = frozenset({14107, 21408, 21606, 21608, 30018, 30024, 30032, 30034, 63007})
# WhatsApp: the recipient has not written within 24 hours; a template might still go.
OUTSIDE_WINDOW = frozenset({63016})


def classify(code: int, http_status: int | None = None) -> FailureClass:
    """Return the class of an error; an unknown code is judged by the HTTP status."""
    known = FAILURE_CLASSES.get(code)
    if known is not None:
        return known
    if http_status == _TOO_MANY_REQUESTS:
        return RATE_LIMITED
    if http_status == _UNAUTHORIZED:
        return AUTH
    return TRANSIENT if (http_status or 0) >= _SERVER_ERROR else PERMANENT


def throttled_scope(code: int, http_status: int | None = None) -> Scope | None:
    """Return what the platform throttles with a code; an unknown one with HTTP 429: the account."""
    if code in FAILURE_CLASSES:
        return SCOPES.get(code)
    return Scope.ACCOUNT if http_status == _TOO_MANY_REQUESTS else None
