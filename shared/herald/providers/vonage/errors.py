"""Error codes of Vonage's Messages API, in its responses and in the statuses it reports.

A code is what stands behind the `#` of an error's `type`. Source: Vonage, "API errors, Messages
API" and "API errors".
"""

from __future__ import annotations

from typing import Any

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope
from herald.providers.lenient_json import text

UNREACHABLE = FailureClass.UNREACHABLE
PERMANENT = FailureClass.PERMANENT
TRANSIENT = FailureClass.TRANSIENT
RATE_LIMITED = FailureClass.RATE_LIMITED
AUTH = FailureClass.AUTH
OPTED_OUT = FailureClass.OPTED_OUT

_BY_STATUS = {401: AUTH, 402: AUTH, 403: AUTH, 429: RATE_LIMITED}
_SERVER_ERROR = 500

FAILURE_CLASSES: dict[str, FailureClass] = {
    "1050": UNREACHABLE,  # the number is barred at Vonage
    "1170": UNREACHABLE,  # no such recipient
    "1190": UNREACHABLE,  # absent for good
    "1250": UNREACHABLE,  # no route
    "1251": UNREACHABLE,  # no route by the account's rules
    "1260": UNREACHABLE,  # destination unreachable
    "1270": UNREACHABLE,  # the subscriber's age
    "1280": UNREACHABLE,  # blocked by the carrier
    "1300": UNREACHABLE,  # not on the network
    "1310": UNREACHABLE,  # the device can't show it
    "1330": UNREACHABLE,  # an unknown failure for good
    "1340": UNREACHABLE,  # WhatsApp: the 24 hour window is closed: see OUTSIDE_WINDOW
    "1360": UNREACHABLE,  # expired before it was delivered
    "1430": UNREACHABLE,  # no recipient of this channel
    "1461": UNREACHABLE,  # WhatsApp: the recipient gets enough such messages
    "1490": UNREACHABLE,  # some parts have no receipt: see the page
    "1240": OPTED_OUT,  # wrote STOP
    "1000": RATE_LIMITED,  # the account's throughput
    "1241": RATE_LIMITED,  # too many to this number
    "1460": RATE_LIMITED,  # messages of a day
    "1472": RATE_LIMITED,  # Fraud Defender: too many at once
    "throttled": RATE_LIMITED,
    "1030": TRANSIENT,  # internal error
    "1100": TRANSIENT,  # communication failed
    "1180": TRANSIENT,  # absent for now
    "1200": TRANSIENT,  # portability
    "1220": TRANSIENT,  # handset busy
    "1230": TRANSIENT,  # network
    "1331": TRANSIENT,  # the provider behind Vonage does not answer
    "1060": AUTH,  # the account is barred
    "1070": AUTH,  # no credit
    "1080": AUTH,  # the account may not use this API
    "1140": AUTH,  # a facility that the account does not have
    "1370": AUTH,  # access token
    "account-suspended": AUTH,
    "application-suspended": AUTH,
    "forbidden": AUTH,
    "invalid-api-key": AUTH,
    "invalid-ip": AUTH,  # not an address that the account allows
    "invalid-signature": AUTH,
    "jwt-expired": AUTH,
    "jwt-revoked": AUTH,
    "low-balance": AUTH,
    "multiple-auth-methods": AUTH,
    "unauthorized": AUTH,
    "unprovisioned": AUTH,
    "1010": PERMANENT,  # a parameter is missing
    "1020": PERMANENT,  # a parameter is invalid
    "1021": PERMANENT,  # tag
    "1022": PERMANENT,  # template or its parameters
    "1040": PERMANENT,  # an invalid message, or a number's prefix nobody knows
    "1090": PERMANENT,  # too long
    "1120": PERMANENT,  # not a sender for this country
    "1130": PERMANENT,  # ttl
    "1150": PERMANENT,  # message class
    "1160": PERMANENT,  # a demo account, and not on its list
    "1210": PERMANENT,  # taken for spam
    "1242": PERMANENT,  # pool of numbers
    "1282": PERMANENT,  # blocked by the provider behind Vonage
    "1290": PERMANENT,  # the recipient's prepaid credit
    "1320": PERMANENT,  # was sent already
    "1350": PERMANENT,
    "1380": PERMANENT,  # the file can't be fetched
    "1381": PERMANENT,  # the file is too large
    "1382": PERMANENT,  # the file's type
    "1400": PERMANENT,  # channel
    "1410": PERMANENT,  # a parameter of the channel
    "1420": PERMANENT,  # not a sender of the channel
    "1431": PERMANENT,  # several recipients
    "1440": PERMANENT,  # type of message
    "1450": PERMANENT,  # client reference
    "1451": PERMANENT,  # WhatsApp: what it answers is not there
    "1470": PERMANENT,  # Fraud Defender: a rule
    "1473": PERMANENT,  # Fraud Defender: inflated traffic
    "1474": PERMANENT,  # Fraud Defender: country
    "1475": PERMANENT,  # Fraud Defender: network
    "1476": PERMANENT,  # the sender may not originate messages
    "1480": PERMANENT,  # entity filter
    "1481": PERMANENT,  # header filter
    "1482": PERMANENT,  # content filter
    "1483": PERMANENT,  # consent filter
    "1484": PERMANENT,  # compliance
    "2001": PERMANENT,  # taken for fraud
    "invalid-json": PERMANENT,
    "invalid-params": PERMANENT,
    "not-found": PERMANENT,
    "unavailable-legal": PERMANENT,
}

SCOPES: dict[str, Scope] = {
    "1000": Scope.ACCOUNT,
    "1241": Scope.PAIR,
    "1472": Scope.ACCOUNT,
    "throttled": Scope.ACCOUNT,
}
# WhatsApp: the recipient has not written within 24 hours; a template might still go.
OUTSIDE_WINDOW = frozenset({"1340"})

# a failure that came without a code
UNEXPLAINED: dict[str, FailureClass] = {
    "undeliverable": UNREACHABLE,
    "rejected": PERMANENT,
}


def code_of(error: Any) -> str:
    """Return the code of an error: behind the `#` of its type, else its title if that is one."""
    if not isinstance(error, dict):
        return ""
    code = (text(error, "type") or "").partition("#")[2]
    title = text(error, "title") or ""
    return code or (title if title.isascii() and title.isdigit() else "")


def classify(code: str | int, http_status: int | None = None) -> FailureClass:
    """Return the class of an error; an unknown code is judged by the HTTP status."""
    known = FAILURE_CLASSES.get(str(code)) or _BY_STATUS.get(http_status or 0)
    if known is not None:
        return known
    return TRANSIENT if (http_status or 0) >= _SERVER_ERROR else PERMANENT


def throttled_scope(code: str, failure_class: FailureClass) -> Scope | None:
    """Return what Vonage throttles with a code; an unknown one with HTTP 429: the account."""
    if code in FAILURE_CLASSES or failure_class is not RATE_LIMITED:
        return SCOPES.get(code)
    return Scope.ACCOUNT
