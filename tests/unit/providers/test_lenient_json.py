"""Reading fields of an element without trusting it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic_core import to_json

from herald.contracts.receipts import MAX_ELEMENT_BYTES
from herald.providers.lenient_json import (
    Carried,
    carried,
    event_key,
    kept,
    kept_inbound,
    moment,
    plain_word,
    text,
    whole_number,
)

NOON = datetime(2026, 1, 19, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1768824000, NOON),
        ("1768824000", NOON),
        (1768824000.0, NOON),
        (1768824000000, NOON),
        ("1768824000000", NOON),
        (1768824000250, NOON.replace(microsecond=250000)),
        *(
            (value, None)
            for value in (None, "", "soon", True, 0, -1, 10**400, 1e300, "-1", "9" * 400)
        ),
        *((value, None) for value in (999_999_999_999, "\u0661768824000", [1768824000], 5e8)),
    ],
)
def test_moment(value: Any, expected: datetime | None) -> None:
    """An epoch in seconds or milliseconds is read; what is no time of this century is no time."""
    assert moment(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(131026, 131026), ("131026", 131026), (True, None), ("", None), ("-1", None), (1.5, None)],
)
def test_whole_number(value: Any, expected: int | None) -> None:
    """A code may come as a number or as digits."""
    assert whole_number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("a", "a"), ("", None), (7, "7"), (True, None), ([], None), (1.5, None)]
)
def test_text(value: Any, expected: str | None) -> None:
    """A text is a text, a number its digits, and all else absent."""
    assert text({"key": value}, "key") == expected


@pytest.mark.parametrize("value", [None, 7, "", "order-7", "7d444840-9dc0-11d1-b245-5ffdce74fad2"])
def test_what_is_no_attempt_of_ours_is_none(value: Any) -> None:
    """Only an id in our own form names an attempt."""
    assert carried(value) == Carried()


def test_event_keys_are_short() -> None:
    """A long key is hashed, and different ones stay different."""
    assert event_key("sent", "", "7") == "sent:7"
    long, other = event_key("x" * 500), event_key("x" * 501)
    assert len(long) == 64
    assert long != other


def test_large_elements_are_cut() -> None:
    """An element over the history's bound is replaced by its beginning."""
    large = {"text": "x" * MAX_ELEMENT_BYTES}
    assert kept(large, MAX_ELEMENT_BYTES + 20)["truncated"] is True
    assert kept({"text": "x"}, MAX_ELEMENT_BYTES) == {"text": "x"}


def test_more_is_kept_of_what_a_recipient_sent() -> None:
    """Half of the bound, whatever its bytes: as text in JSON a byte may take two."""
    large = {"text": '"' * MAX_ELEMENT_BYTES}
    cut = kept_inbound(large, MAX_ELEMENT_BYTES + 20)
    assert len(cut["start"]) == MAX_ELEMENT_BYTES // 2
    assert MAX_ELEMENT_BYTES - 1024 < len(to_json(cut)) < MAX_ELEMENT_BYTES + 128
    assert kept_inbound({"text": "x"}, 20) == {"text": "x"}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("MailboxFull", "MailboxFull"),
        ("5.1.1", "5.1.1"),
        ("suppress-bounce", "suppress-bounce"),
        ("not a word", ""),
        ("ada@example.org", ""),
        ("15550002222", ""),
        ("x" * 65, ""),
        ("", ""),
        (None, ""),
    ],
)
def test_codes_that_are_words(given: str | None, word: str) -> None:
    """A code is kept as it is; prose, an address or a number in its place is not."""
    assert plain_word(given) == word
