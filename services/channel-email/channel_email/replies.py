"""What SMTP replies mean. Source: RFC 5321 section 4.2 and RFC 3463 (enhanced status codes).

The basic code decides about a retry, the enhanced one about the reason: some servers send a 4.x.x
with a 5xx reply, or the reverse.
"""

from __future__ import annotations

import re
from enum import StrEnum

from herald.failures import Failure
from herald.logs import redact_text
from herald.vocabulary import FailureClass


class Phase(StrEnum):
    """How far the session had got."""

    CONNECT = "connect"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_RATE = re.compile(r"rate|throttl|too many|limit exceeded", re.IGNORECASE)
_TEMPORARY = range(400, 500)

UNREACHABLE = FailureClass.UNREACHABLE
CONTENT = FailureClass.CONTENT
PERMANENT = FailureClass.PERMANENT
AUTH = FailureClass.AUTH

# Enhanced codes of a 5xx reply.
ENHANCED: dict[str, FailureClass] = {
    "5.1.1": UNREACHABLE,  # no such mailbox
    "5.1.2": UNREACHABLE,  # no such host
    "5.1.3": UNREACHABLE,  # address syntax
    "5.1.6": UNREACHABLE,  # mailbox has moved
    "5.1.10": UNREACHABLE,  # null MX
    "5.2.1": UNREACHABLE,  # mailbox disabled
    "5.2.2": UNREACHABLE,  # mailbox full, and said to be for good
    "5.3.4": CONTENT,  # message too big
    "5.7.8": AUTH,  # credentials
    "5.7.9": AUTH,  # mechanism too weak
}

# Basic codes that say more than "5xx", by phase.
BASIC: dict[tuple[int, Phase], FailureClass] = {
    (550, Phase.RCPT): UNREACHABLE,
    (551, Phase.RCPT): UNREACHABLE,  # user not local
    (553, Phase.RCPT): UNREACHABLE,  # mailbox name not allowed
    (552, Phase.DATA): CONTENT,  # too big
    (554, Phase.DATA): PERMANENT,  # spam or policy: not the address's fault
}

# Whatever the phase.
ACCOUNT_CODES = frozenset({530, 534, 535, 538})  # authentication


def classify(code: int, text: str, phase: Phase) -> FailureClass:
    """Return the class of a refusal."""
    if code in _TEMPORARY:
        slow_down = _RATE.search(text) is not None
        return FailureClass.RATE_LIMITED if slow_down else FailureClass.TRANSIENT
    if code in ACCOUNT_CODES or phase is Phase.AUTH:
        return AUTH
    match = _ENHANCED.search(text)
    if match is not None:
        known = ENHANCED.get(match[0])
        if known is not None:
            return known
        if match[2] == "6":
            return CONTENT  # 5.6.x: conversion and media
        if match[2] == "7":
            return PERMANENT  # 5.7.x: policy
    return BASIC.get((code, phase), PERMANENT)


def refusal(code: int, text: str, phase: Phase) -> Failure:
    """Tell a refusal; a reply's text often repeats the address."""
    flat = " ".join(text.split())
    return Failure.of(classify(code, flat, phase), f"{phase}_{code}", redact_text(flat))
