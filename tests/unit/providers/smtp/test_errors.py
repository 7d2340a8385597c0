"""What SMTP replies mean."""

from __future__ import annotations

import pytest

from herald.providers.smtp.errors import Phase, classify, is_address_gone, refusal

CONNECT, AUTH, MAIL, RCPT, DATA = Phase

REPLIES = [
    (421, "4.3.2 closing", CONNECT, "transient"),
    (554, "5.7.1 no service for you", CONNECT, "auth"),
    (454, "4.7.0 TLS not available", CONNECT, "transient"),
    (502, "not implemented", CONNECT, "auth"),
    (535, "5.7.8 bad credentials", AUTH, "auth"),
    (534, "5.7.9 mechanism too weak", AUTH, "auth"),
    (538, "encryption required", AUTH, "auth"),
    (504, "no such mechanism", AUTH, "auth"),
    (454, "4.7.0 temporary failure", AUTH, "transient"),
    (530, "5.7.0 authenticate first", MAIL, "auth"),
    (550, "5.7.1 sender not yours", MAIL, "permanent"),
    (553, "sender rejected", MAIL, "permanent"),
    (452, "4.3.1 no space", MAIL, "transient"),
    (550, "5.1.1 no such user", RCPT, "unreachable"),
    (550, "no such user", RCPT, "unreachable"),
    (550, "5.1.10 null MX", RCPT, "unreachable"),
    (550, "5.1.2 no such host", RCPT, "unreachable"),
    (550, "5.2.1 disabled", RCPT, "unreachable"),
    (551, "not local", RCPT, "unreachable"),
    (553, "name not allowed", RCPT, "unreachable"),
    (552, "mailbox full", RCPT, "unreachable"),
    (552, "5.2.2 mailbox full", RCPT, "unreachable"),
    (550, "5.7.1 relaying denied", RCPT, "permanent"),
    (554, "5.7.1 blocked", RCPT, "permanent"),
    (550, "4.1.1 no such user", RCPT, "unreachable"),  # the reply is final, the reason the same
    (554, "4.1.1 no such user", DATA, "unreachable"),
    (450, "5.1.1 no such user", RCPT, "transient"),  # and the reverse
    (450, "4.7.1 greylisted, try again", RCPT, "transient"),
    (450, "4.2.0 greylisted by corporate policy, generated", RCPT, "transient"),
    (451, "4.7.1 rate limited", RCPT, "rate_limited"),
    (451, "4.7.1 RateLimit", RCPT, "rate_limited"),
    (450, "4.2.1 receiving mail at a rate that", RCPT, "rate_limited"),
    (421, "4.7.0 too many connections", RCPT, "rate_limited"),
    (452, "4.5.3 throttled", RCPT, "rate_limited"),
    (452, "4.2.2 mailbox size limit exceeded", RCPT, "transient"),
    (552, "too big", DATA, "content"),
    (552, "5.3.4 too big", MAIL, "content"),
    (554, "5.6.1 media not supported", DATA, "content"),
    (554, "5.7.1 looks like spam", DATA, "permanent"),
    (554, "refused", DATA, "permanent"),
    (550, "5.1.1 no such user", DATA, "unreachable"),
    (550, "#5.1.1 no such user", RCPT, "unreachable"),
    (554, "your address 5.1.1.9 is listed", DATA, "permanent"),  # no enhanced code
    (554, "your address 192.0.5.1.1 is listed", DATA, "permanent"),
    (554, "5.9.9 something new", DATA, "permanent"),
    (599, "", DATA, "permanent"),
    (-1, "garbage", RCPT, "transient"),
    (252, "perhaps", RCPT, "transient"),
]


@pytest.mark.parametrize(("code", "text", "phase", "expected"), REPLIES)
def test_classes(code: int, text: str, phase: Phase, expected: str) -> None:
    """The basic code decides about another try, the enhanced one about the reason."""
    assert classify(code, text, phase) == expected


def test_refusal_is_reported_in_one_clean_line() -> None:
    """A reply's text is kept without addresses and line breaks."""
    failure = refusal(550, "5.1.1 <ada@example.org>:\n inconnu", RCPT)
    assert failure.code == "rcpt_550"
    assert "ada@" not in failure.text
    assert failure.text.startswith("5.1.1 <")
    assert failure.text.endswith(">: inconnu")


def test_unexpected_code() -> None:
    """A number that is no refusal is not shown as one."""
    assert refusal(-1, "garbage", MAIL).code == "mail_unexpected"


@pytest.mark.parametrize(
    ("code", "text", "phase", "gone"),
    [
        (550, "5.1.1 no such user", RCPT, True),
        (550, "5.2.1 disabled", RCPT, True),
        (550, "no such user", RCPT, True),
        (551, "user not local", RCPT, True),
        (554, "5.1.1 no such user", DATA, True),
        (552, "5.2.2 mailbox full", RCPT, False),
        (450, "4.1.1 no such user", RCPT, False),
        (550, "5.7.1 relaying denied", RCPT, False),
        (550, "relay access denied", RCPT, False),  # a relay set up wrongly says so of everybody
        (550, "blocked for spam", RCPT, False),
        (553, "5.1.1 sender unknown", MAIL, False),
    ],
)
def test_what_suppresses_an_address(code: int, text: str, phase: Phase, *, gone: bool) -> None:
    """Only what says that the mailbox is none, or takes nothing any more."""
    assert is_address_gone(code, text, phase) is gone
    assert refusal(code, text, phase).address_gone is gone
