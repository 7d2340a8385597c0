"""Addresses and passwords in texts that others write."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from herald.contracts.failures import Failure
from herald.contracts.redaction import redact_prose, redact_text
from herald.contracts.vocabulary import FailureClass

NUMBERS = [
    "+15559870001",
    "15559870001",
    "5559870",
    "(555) 987-0001",
    "+1 (555) 987-0001",
    "1.555.987.0001",
    "555 98 70 001",
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_providers_words_hold_no_number(number: str) -> None:
    """However a provider writes a recipient's number, its last digits are all that is left."""
    for text in (f"Message to {number} failed", f"{number}: unreachable", f"to={number}."):
        masked = redact_prose(text)
        assert number not in masked
        assert "987" not in masked
        assert masked.partition("…")[0] == text.partition(number)[0]


@pytest.mark.parametrize("address", ["+15559870001", "jane@example.com", "12@example.com"])
def test_what_is_masked_stays_as_it_is(address: str) -> None:
    """A failure's text is masked where it is made and again where it is logged, with one result."""
    for once in (redact_prose(f"no way to {address}: gone"), redact_prose(address)):
        assert redact_text(once) == redact_prose(once) == once
        assert address not in once


@pytest.mark.parametrize("written", ["1 (555) 987-0001", "1.555.987.0001", "15559870001"])
def test_a_number_has_one_mask_however_a_provider_writes_it(written: str) -> None:
    """The one that the recipient has everywhere else."""
    assert redact_prose(f"to {written}") == redact_text("to +15559870001")


def test_a_mask_hides_no_address_beside_it() -> None:
    """Dots of a provider's own before a mailbox or a number don't make it a mask."""
    for text in (
        "…jane@example.com",
        "…+15559870001",
        "…01#15559870001",
        "…01#1555987@example.com",
    ):
        assert not any(piece in redact_prose(text) for piece in ("jane", "555987"))


@pytest.mark.parametrize("text", ["error 131026", "code 20003, status 400", "SM" + "1" * 32, "v18"])
def test_codes_are_no_numbers(text: str) -> None:
    """Error codes and ids are what an operator looks up."""
    assert redact_prose(text) == text


def test_a_failure_is_made_without_addresses() -> None:
    """Whoever makes a failure need not think of it."""
    words = "550 no mailbox ada@example.org, call +1 555 987 0001 or amqp://herald:secret@broker"
    text = Failure.of(FailureClass.UNREACHABLE, 550, words).text
    assert not any(hidden in text for hidden in ("ada@", "987", "secret"))
    assert "@example.org" in text


@pytest.mark.parametrize("length", [1, 64, 1000])
def test_long_secrets_are_hidden_whole(length: int) -> None:
    """A token for a password, or a mailbox longer than any, leaves nothing behind."""
    hidden = "s" * length
    text = redact_text(f"amqp://herald:{hidden}@broker and {hidden}@example.org")
    assert "ss" not in text.removeprefix("amqp://herald:***@broker")
    assert text.startswith("amqp://herald:***@broker and ")


def test_long_words_are_cut() -> None:
    """Of a provider's essay the beginning is kept."""
    assert len(Failure.of(FailureClass.PERMANENT, 1, "word " * 10_000).text) == 512


@pytest.mark.parametrize("redacted", [redact_text, redact_prose])
@pytest.mark.parametrize(
    "piece", ["a", "1", "+1", "a.", "1 ", "://", "x@", "a://b:", "@a.b", "(1", "-", "w+", "\t"]
)
def test_the_time_grows_with_the_length_alone(redacted: Callable[[str], str], piece: str) -> None:
    """Ten times the text takes about ten times as long, whatever it is made of."""
    short, long = piece * (5_000 // len(piece)), piece * (50_000 // len(piece))
    assert _seconds(redacted, long) < 40 * max(_seconds(redacted, short), 0.002)


def _seconds(redacted: Callable[[str], str], text: str) -> float:
    began = time.thread_time()
    redacted(text)
    return time.thread_time() - began
