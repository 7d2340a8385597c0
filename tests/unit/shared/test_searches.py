"""Searches for messages: their window in time, their pages, and what they find by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from herald.contracts.masking import address_hash, masked
from herald.contracts.searches import EARLIEST, MessageSearch, Position

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LOWEST, SOME = UUID(int=0), UUID(int=7)


@pytest.mark.parametrize(
    "text", ["2026-01-31T10:00:00+00:00", "2026-01-31T11:00+01:00", "2h", "PT2H"]
)
def test_a_time_is_a_moment_or_an_age(text: str) -> None:
    """An age is counted back from the router's now."""
    since, before = MessageSearch.model_validate({"since": text}).window(NOW)
    assert since == NOW - timedelta(hours=2)
    assert before.created_at > NOW
    earliest, until = MessageSearch.model_validate({"until": text}).window(NOW)
    assert (earliest, until) == (EARLIEST, Position(since, LOWEST))


def test_an_age_and_a_moment_are_compared_when_it_is_known_what_time_it_is() -> None:
    """The same question is right at one time and wrong at another."""
    search = MessageSearch.model_validate({"since": "2h", "until": "2026-01-31T11:00:00Z"})
    assert search.window(NOW)[0] == NOW - timedelta(hours=2)
    with pytest.raises(ValueError, match="since must lie before until"):
        search.window(NOW + timedelta(hours=1))


def test_the_next_page_begins_where_the_one_before_ended() -> None:
    """To the microsecond, and among messages of one moment by their ids."""
    place = Position(NOW - timedelta(microseconds=1), SOME)
    search = MessageSearch(after=str(place), until=NOW)
    assert search.window(NOW)[1] == place
    assert place < Position(place.created_at, UUID(int=8)) < Position(NOW, LOWEST)


def test_a_page_beyond_until_begins_at_until() -> None:
    """Whoever changes the question meanwhile gets what it says."""
    search = MessageSearch(after=str(Position(NOW, SOME)), until=NOW - timedelta(hours=1))
    assert search.window(NOW)[1] == Position(NOW - timedelta(hours=1), LOWEST)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({"phone": "+1 555 000 2222"}, "+15550002222"),
        ({"email": "Ada@Example.com"}, "ada@example.com"),
        ({"address": "US.1234"}, "US.1234"),
    ],
)
def test_an_address_is_looked_for_by_its_hash(given: dict[str, str], address: str) -> None:
    """The same one whether the address is given or a mask of it."""
    assert MessageSearch.model_validate(given).address_hash == address_hash(address)
    assert MessageSearch(address=masked(address)).address_hash == address_hash(address)


def test_without_an_address_there_is_no_hash() -> None:
    """Then messages are found by time or outcome."""
    assert MessageSearch(outcome="failed").address_hash is None


def test_a_request_is_read_as_the_search_it_was_made_from() -> None:
    """The command line checks a question and sends it in its one form."""
    search = MessageSearch.model_validate(
        {"phone": "+1 555 000 2222", "since": "2h", "until": "2026-01-31T11:00+01:00", "limit": 7}
    )
    assert MessageSearch.model_validate(search.request()) == search
    assert search.request()["until"] == "2026-01-31T10:00:00+00:00"
