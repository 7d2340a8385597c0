"""Judging answers that carry no error of the provider's own, and the wait they ask for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.vocabulary import FailureClass
from herald.http.response import HttpResponse
from herald.http.response_times import retry_after
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import NotSent, Refused, Uncertain
from unit.channel.making import seconds


def answer(status: int, **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, named, b"<html>")


@pytest.mark.parametrize(
    ("status", "failure_class"),
    [
        (400, FailureClass.PERMANENT),
        (401, FailureClass.AUTH),
        (403, FailureClass.AUTH),
        (404, FailureClass.PERMANENT),
        (408, FailureClass.TRANSIENT),
        (425, FailureClass.TRANSIENT),
        (429, FailureClass.RATE_LIMITED),
    ],
)
def test_a_4xx_was_not_taken(status: int, failure_class: FailureClass) -> None:
    """A client error is a refusal even without a word of explanation."""
    result = unexplained(answer(status))
    assert isinstance(result, Refused)
    assert result.failure.failure_class is failure_class
    assert result.failure.code == f"http_{status}"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 200, 201, 204, 302])
def test_every_other_answer_may_have_been_taken(status: int) -> None:
    """A bare 5xx, and a success that can't be read, leave the attempt unknown."""
    assert unexplained(answer(status)) == Uncertain(f"http_{status}")


@pytest.mark.parametrize(("value", "wait"), [("7", seconds(7)), ("0", None)])
def test_a_503_that_says_when_to_come_back_was_not_taken(
    value: str, wait: timedelta | None
) -> None:
    """503 with Retry-After is the provider's trouble, also when it says "at once"."""
    assert unexplained(answer(503, Retry_After=value)) == NotSent("http_503", wait)


def test_a_503_with_an_unreadable_wait_stays_unknown() -> None:
    """A header nobody can read proves nothing."""
    assert unexplained(answer(503, Retry_After="soon")) == Uncertain("http_503")


def test_a_wait_is_what_was_asked() -> None:
    """Without a wait of its own, or with none, what is documented counts, if anything is."""
    assert asked_wait(answer(429)) is None
    assert asked_wait(answer(429, Retry_After="0")) is None
    assert asked_wait(answer(429, Retry_After="30")) == seconds(30)
    assert asked_wait(answer(400), seconds(60)) == seconds(60)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", seconds(120)),
        (" 3 ", seconds(3)),
        ("0", seconds(0)),
        ("99999999999999999999", timedelta(days=1)),
        ("Mon, 19 Jan 2026 12:01:00 GMT", seconds(60)),
        ("Mon, 19 Jan 2026 13:01:00 +0100", seconds(60)),
        ("Mon, 19 Jan 2026 12:01:00", seconds(60)),
        ("Mon, 19 Jan 2026 11:00:00 GMT", seconds(0)),
        ("Mon, 19 Jan 2099 12:00:00 GMT", timedelta(days=1)),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("\u00b2", None),
        ("soon", None),
        ("Mon, 19 Jan 99999 12:00:00 GMT", None),
    ],
)
def test_retry_after(value: str, wait: timedelta | None) -> None:
    """Seconds or an HTTP date, a day at most; anything else is no answer."""
    date = "Mon, 19 Jan 2026 12:00:00 GMT"  # the provider's; ours may be another
    assert retry_after({"Retry-After": value, "Date": date}) == wait


@given(st.text(max_size=60))
def test_retry_after_never_raises(value: str) -> None:
    """No header a server can write stops the result from being reported."""
    wait = retry_after({"Retry-After": value, "Date": value})
    assert wait is None or timedelta(0) <= wait <= timedelta(days=1)
