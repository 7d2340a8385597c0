"""What a provider quotes of a message is taken out of its words, and nothing else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.echoes import SHORTEST_QUOTE, without_names, without_quotes

TEXT = "Dear Ada, your order of three lamps is on its way. Code 4711."


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (f"Message '{TEXT}' was refused", "Message '***' was refused"),
        ("Hi there is refused: hi THERE", "*** is refused: ***"),
        ("Refused: your order of three la...", "Refused: ***..."),
        ("Blocked: order of three lamps and Code 4711", "Blocked: *** and Code ***"),
        ("4711 is no template", "*** is no template"),
        ("The message was not delivered", "The message was not delivered"),
        ("", ""),
    ],
)
def test_quotes_are_hidden(words: str, left: str) -> None:
    """Long runs of the message's own characters, and codes, go; the provider's words stay."""
    assert without_quotes(words, [TEXT, "Hi there"]) == left


@given(st.text(), st.text(), st.text(min_size=SHORTEST_QUOTE))
def test_no_quote_is_left(before: str, after: str, quote: str) -> None:
    """Wherever it stands, a quote long enough is not there any more."""
    flat = " ".join(quote.split())
    left = without_quotes(before + flat + after, [f"{quote} and more"])
    assert len(flat) < SHORTEST_QUOTE or flat not in left


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("550 mailbox of Ada King unknown", "550 mailbox of *** unknown"),
        ("550 king@: unknown, ADA", "550 ***@: unknown, ***"),
        ("Canada is kingly", "Canada is kingly"),
    ],
)
def test_names_are_hidden(words: str, left: str) -> None:
    """A name goes whole and in its parts, where they are words."""
    assert without_names(words, ["Ada King"]) == left


def test_large_contents_take_no_time() -> None:
    """A long reason and a mail of 200 kB are compared in some milliseconds."""
    started = time.process_time()
    without_quotes("the mail <p>x</p> is " * 24, ["<p>the mail is</p>" * 12_000])
    assert time.process_time() - started < 1
