"""What SMTP replies mean. Source: RFC 5321 section 4.2 and RFC 3463 (enhanced status codes).

The basic code decides about a retry, the enhanced one about the reason: some servers send a 4.x.x
with a 5xx reply, or the reverse.
"""

from __future__ import annotations

import re
from enum import StrEnum

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope


class Phase(StrEnum):
    """How far the session had got."""

    CONNECT = "connect"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


_ENHANCED = re.compile(r"(?<![\d.])[245]\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")  # no IP address
_RATE = re.compile(r"\brates?(?:\b|limit)|throttl|too many|limit exceeded", re.IGNORECASE)
# of a reply without an enhanced code: it is about us, not about the address
_POLICY = re.compile(
    r"relay|rcpthosts|den(?:y|ied)|block|black|spam|polic|reputation|authenti|not permitted",
    re.IGNORECASE,
)
_TEMPORARY = range(400, 500)
_REFUSED = range(400, 600)

UNREACHABLE = FailureClass.UNREACHABLE
CONTENT = FailureClass.CONTENT
PERMANENT = FailureClass.PERMANENT
AUTH = FailureClass.AUTH

MAILBOX_FULL = "2.2"

# Enhanced codes of a 5xx reply, without their first number.
ENHANCED: dict[str, FailureClass] = {
    "1.1": UNREACHABLE,  # no such mailbox
    "1.2": UNREACHABLE,  # no such host
    "1.3": UNREACHABLE,  # address syntax
    "1.6": UNREACHABLE,  # mailbox has moved
    "1.10": UNREACHABLE,  # null MX
    "2.1": UNREACHABLE,  # mailbox disabled
    MAILBOX_FULL: UNREACHABLE,  # mailbox full, and said to be for good
    "3.4": CONTENT,  # message too big
    "7.8": AUTH,  # credentials
    "7.9": AUTH,  # mechanism too weak
}

# The number after that one alone, where the table above has no row.
SUBJECTS: dict[str, FailureClass] = {
    "6": CONTENT,  # conversion and media
    "7": PERMANENT,  # policy
}

# Basic codes that say more than "5xx", by phase.
BASIC: dict[tuple[int, Phase], FailureClass] = {
    (550, Phase.RCPT): UNREACHABLE,
    (551, Phase.RCPT): UNREACHABLE,  # user not local
    (552, Phase.RCPT): UNREACHABLE,  # mailbox full
    (553, Phase.RCPT): UNREACHABLE,  # mailbox name not allowed
    (552, Phase.DATA): CONTENT,  # too big
    (554, Phase.DATA): PERMANENT,  # spam or policy: not the address's fault
}

# What a relay throttles that says "too fast", by phase.
SCOPES: dict[Phase, Scope] = {
    Phase.CONNECT: Scope.EGRESS,  # it knows no more of us than where we come from
    Phase.AUTH: Scope.ACCOUNT,
    Phase.MAIL: Scope.SENDER,
    Phase.RCPT: Scope.ACCOUNT,
    Phase.DATA: Scope.ACCOUNT,
}
ONE_MAILBOX = "2.1"  # with a 4xx reply: this mailbox gets mail too fast (RFC 3463, 4.2.1)

# Of a 5xx reply: the mailbox is none, or takes nothing any more. A full one is none of them.
GONE = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
GONE_WITHOUT_ENHANCED = frozenset({(550, Phase.RCPT), (551, Phase.RCPT), (553, Phase.RCPT)})

# Whatever the phase.
ACCOUNT_CODES = frozenset({530, 534, 535, 538})  # authentication


def classify(code: int, text: str, phase: Phase) -> FailureClass:
    """Return the class of a refusal."""
    reason = _reason(text)
    if code in _TEMPORARY:
        slow_down = reason != MAILBOX_FULL and _RATE.search(text)
        return FailureClass.RATE_LIMITED if slow_down else FailureClass.TRANSIENT
    if code not in _REFUSED:
        return FailureClass.TRANSIENT  # no reply that this command may get
    if code in ACCOUNT_CODES or phase in {Phase.CONNECT, Phase.AUTH}:
        return AUTH  # the relay takes nothing from us, whatever the mail
    known = ENHANCED.get(reason) or SUBJECTS.get(reason.partition(".")[0])
    return known or BASIC.get((code, phase), PERMANENT)


def is_address_gone(code: int, text: str, phase: Phase) -> bool:
    """Whether a refusal says that nothing will ever reach the address."""
    if classify(code, text, phase) is not UNREACHABLE or phase is Phase.MAIL:
        return False
    reason = _reason(text)
    if reason:
        return reason in GONE
    return (code, phase) in GONE_WITHOUT_ENHANCED and _POLICY.search(text) is None


def refusal(code: int, text: str, phase: Phase) -> Failure:
    """Return a refusal as a failure, without the addresses that a reply's text often repeats."""
    flat = " ".join(text.split())
    reply = str(code) if code in _REFUSED else "unexpected"
    return Failure.of(
        classify(code, flat, phase),
        f"{phase}_{reply}",
        flat,
        address_gone=is_address_gone(code, flat, phase),
    )


def _reason(text: str) -> str:
    """Return the enhanced code without its first number."""
    match = _ENHANCED.search(text)
    return f"{match[1]}.{match[2]}" if match else ""


def throttled_scope(failure: Failure, text: str, phase: Phase) -> Scope | None:
    """Return what the relay throttles with a refusal; None where it throttles nothing."""
    if failure.failure_class is not FailureClass.RATE_LIMITED:
        return None
    match = _ENHANCED.search(text)
    if match is not None and f"{match[1]}.{match[2]}" == ONE_MAILBOX:
        return Scope.PAIR
    return SCOPES[phase]
