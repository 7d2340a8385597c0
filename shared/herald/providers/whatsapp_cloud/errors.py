"""Error codes of Meta's WhatsApp Cloud API.

Source: Meta, "Cloud API error codes". The code decides, never the HTTP status or the title.

Trouble with a template or a file is `permanent`, not `content`: another channel says it otherwise.
"""

from __future__ import annotations

from datetime import timedelta

from herald.contracts.vocabulary import Category, FailureClass
from herald.providers.budgets import Scope

_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429
_PERMISSIONS = range(200, 300)  # API permission errors
_REGISTRATION = range(133000, 133016)  # two-step verification and registration

UNREACHABLE = FailureClass.UNREACHABLE
PERMANENT = FailureClass.PERMANENT
TRANSIENT = FailureClass.TRANSIENT
RATE_LIMITED = FailureClass.RATE_LIMITED
AUTH = FailureClass.AUTH
OPTED_OUT = FailureClass.OPTED_OUT

FAILURE_CLASSES: dict[int, FailureClass] = {
    131026: UNREACHABLE,  # undeliverable: not on WhatsApp, terms not accepted, old client
    131047: UNREACHABLE,  # the 24 hour window is closed: see OUTSIDE_WINDOW
    131049: UNREACHABLE,  # Meta chose not to deliver (frequency capping)
    130472: UNREACHABLE,  # the recipient is part of an experiment
    130497: UNREACHABLE,  # restricted in the recipient's country
    131062: UNREACHABLE,  # this kind of user id can't get this kind of message
    131050: OPTED_OUT,  # stopped marketing messages from us
    130429: RATE_LIMITED,  # throughput of the phone number
    131056: RATE_LIMITED,  # this sender to this recipient
    131048: RATE_LIMITED,  # spam or quality limit of the number: hours, not seconds
    4: RATE_LIMITED,  # calls of the app
    80007: RATE_LIMITED,  # calls of the business account
    131064: RATE_LIMITED,  # messaging limit
    133016: RATE_LIMITED,  # registrations
    132069: RATE_LIMITED,  # flow throttled
    1: TRANSIENT,
    2: TRANSIENT,
    131000: TRANSIENT,  # "something went wrong"
    131016: TRANSIENT,  # service unavailable
    131053: TRANSIENT,  # media could not be fetched or uploaded
    131057: TRANSIENT,  # maintenance, or a throughput upgrade of up to a minute
    133004: TRANSIENT,  # server temporarily unavailable
    135000: TRANSIENT,  # generic user error
    0: AUTH,  # token can't be read
    3: AUTH,  # capability missing
    10: AUTH,  # permission missing
    33: AUTH,  # the phone number was deleted or is not ours
    190: AUTH,  # token expired
    131005: AUTH,  # access denied
    368: AUTH,  # blocked for a policy violation
    131031: AUTH,  # account locked
    131042: AUTH,  # payment
    131045: AUTH,  # certificate or registration
    133010: AUTH,  # number not registered
    100: PERMANENT,  # a parameter is wrong
    131008: PERMANENT,  # a parameter is missing
    131009: PERMANENT,  # a parameter's value is wrong
    131014: PERMANENT,  # the media URL can't be used
    131021: PERMANENT,  # recipient and sender are the same
    131030: PERMANENT,  # not on the test number's list
    131037: PERMANENT,  # display name not approved
    131051: PERMANENT,  # unsupported message type
    131052: PERMANENT,  # inbound media can't be downloaded
    131063: PERMANENT,  # marketing templates must use the other API
    132000: PERMANENT,  # number of template variables
    132001: PERMANENT,  # no such template in this language
    132005: PERMANENT,  # template too long once filled in
    132007: PERMANENT,  # template violates a policy
    132008: PERMANENT,
    132012: PERMANENT,  # form of a template variable
    132015: PERMANENT,  # template paused
    132016: PERMANENT,  # template disabled
    132068: PERMANENT,  # flow blocked
    137000: PERMANENT,
}

# How long to wait where the response names no time: these limits are of hours.
PAUSES: dict[int, timedelta] = {
    131048: timedelta(minutes=1),
    4: timedelta(minutes=1),
    80007: timedelta(minutes=1),
}
# What is throttled. The others count people, registrations or flows: fewer calls are no help.
SCOPES: dict[int, Scope] = {
    4: Scope.ACCOUNT,
    80007: Scope.ACCOUNT,
    130429: Scope.ACCOUNT,  # an account is one number
    131048: Scope.ACCOUNT,
    131056: Scope.PAIR,
}

# Which messages alone a recipient stopped; the others go on.
OPTED_OUT_OF = {131050: Category.MARKETING}

# What says nothing about the number's other calls: a limit of one recipient, a file of one message.
OF_MESSAGE = frozenset({131053, 131056})
# The recipient has not written within 24 hours: a template might still go.
OUTSIDE_WINDOW = frozenset({131047})


def classify(code: int, http_status: int | None = None) -> FailureClass:
    """Return the class of an error; an unknown code is transient on a 5xx, else permanent."""
    known = FAILURE_CLASSES.get(code)
    if known is not None:
        return known
    if http_status == _TOO_MANY_REQUESTS:
        return RATE_LIMITED
    if code in _PERMISSIONS:
        return AUTH
    if code in _REGISTRATION:
        return PERMANENT
    return TRANSIENT if (http_status or 0) >= _SERVER_ERROR else PERMANENT


def throttled_scope(code: int, http_status: int | None = None) -> Scope | None:
    """Return what the platform throttles with a code; an unknown one with HTTP 429: the account."""
    if code in FAILURE_CLASSES:
        return SCOPES.get(code)
    return Scope.ACCOUNT if http_status == _TOO_MANY_REQUESTS else None
