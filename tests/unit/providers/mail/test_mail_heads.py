"""The head of a mail that came in: whom it names, what it answers, whether a machine wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.mail_heads import (
    Mailbox,
    answered_ids,
    attempt_in,
    decoded,
    forms_of,
    heads_of,
    is_automatic,
    mailboxes,
    message_id,
)
from unit.channel_email.making import ATTEMPT

OURS = f"<{ATTEMPT}@example.com>"


def test_what_a_mail_answers() -> None:
    """The parent comes first, then the thread from its end; each once."""
    heads = heads_of(
        [("In-Reply-To", "<c@x>"), ("References", "<a@x>\r\n <b@x> <c@x>"), ("Subject", "<d@x>")]
    )
    assert answered_ids(heads) == ["<c@x>", "<b@x>", "<a@x>"]
    assert answered_ids({}) == []


def test_a_message_id_is_fit_for_an_answer() -> None:
    """A Message-ID with blanks or control characters is none: it would go into our headers."""
    assert message_id(heads_of([("Message-ID", " <a.b+c@x.example> ")])) == "<a.b+c@x.example>"
    for strange in ("a@x", "<a b@x>", "<a\r\nBcc: e@x>", "<@x>", "<" + "a" * 300 + "@x>", ""):
        assert message_id(heads_of([("Message-ID", strange)])) is None


def test_forms_of_a_message_id() -> None:
    """A provider's id may be the Message-ID, that without brackets, or its left part."""
    assert forms_of("<1@mail.example>") == ("<1@mail.example>", "1@mail.example", "1")


@pytest.mark.parametrize(
    "text",
    [OURS, f"reply+{ATTEMPT}@in.example.com", f"{ATTEMPT}.u", f"<{ATTEMPT}.b@example.com>"],
)
def test_our_attempt_is_found(text: str) -> None:
    """Our id is read from a Message-ID, a sub-address, or alone."""
    assert attempt_in(["<a@x>", text]) == ATTEMPT


def test_what_is_no_attempt() -> None:
    """Other ids name no attempt."""
    for text in ("", "<a@x>", "00000000-0000-4000-8000-000000000001", ATTEMPT[:-4]):
        assert attempt_in([text]) is None


AUTOMATIC = [
    [("Auto-Submitted", "auto-replied (vacation)")],
    [("Auto-Submitted", "auto-generated; owner=x")],
    [("Precedence", "Bulk")],
    [("X-Autoreply", "yes")],
]


@pytest.mark.parametrize("pairs", AUTOMATIC)
def test_a_machine_says_so(pairs: list[tuple[str, str]]) -> None:
    """Notes of absence and lists are known by RFC 3834 and by what came before it."""
    assert is_automatic(heads_of(pairs))


@pytest.mark.parametrize("pairs", [[], [("Auto-Submitted", "no")], [("X-Autoreply", "no")]])
def test_a_person_wrote(pairs: list[tuple[str, str]]) -> None:
    """Without such a header a person wrote."""
    assert not is_automatic(heads_of(pairs))


def test_addresses() -> None:
    """Names are decoded, and what is no address is left out."""
    found = mailboxes(["=?utf-8?q?Gr=C3=BC=C3=9Fe?= <a@x.example>, nobody, b@x.example"])
    assert found == [Mailbox("Grüße", "a@x.example"), Mailbox("", "b@x.example")]


@given(st.text())
def test_headers_never_break_it(text: str) -> None:
    """Whatever a header holds, reading it raises nothing."""
    heads = heads_of([(name, text) for name in ("From", "Message-ID", "References", "Precedence")])
    decoded(f"=?{text}?=")
    mailboxes([text])
    answered_ids(heads)
    is_automatic(heads)
