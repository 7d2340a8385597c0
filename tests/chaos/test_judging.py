"""The judge and the schedule of these tests, without a Herald: they must be right themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import combinations

import pytest

from chaos.load import read_request
from chaos.replicas import kind_of
from chaos.schedule import LONG, SERVERS, SHORT, Fault, Length, draw
from chaos.silences import Silence, false_silences
from chaos.webhook_tries import Tap, Try

MESSAGE = "5d0a4f0e-7a9b-4c64-9a39-0f6e3c1f2a10"
ATTEMPT = f"{MESSAGE}.1.1"
FALLBACK_AFTER = 4.0


def silence(*, recorded_at: float = 20.0, next_asked_at: float | None = 20.1) -> Silence:
    return Silence(
        attempt=ATTEMPT, recorded_at=recorded_at, asked_at=10.0, next_asked_at=next_asked_at
    )


def tried(began: float, ended: float | None, answer: int = 0, status: str = "delivered") -> Try:
    return Try(attempts=(ATTEMPT,), status=status, began=began, ended=ended, answer=answer)


def is_false(judged: Silence, tries: Iterable[Try]) -> bool:
    return ATTEMPT in false_silences([judged], list(tries), FALLBACK_AFTER)


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        ([], False),
        ([tried(12, 12.1, 200)], True),
        ([tried(12, 12.1, 200, status="sent")], False),
        ([tried(12, 27)], True),
        ([tried(12, None)], True),
        ([tried(12, 12.1), tried(28, 28.1, 200)], True),
        ([tried(12, 12.1), tried(14, 14.1, 503)], False),
        ([tried(21, 21.1, 200)], True),
    ],
    ids=[
        "nothing was said",
        "we took the report",
        "not yet the word that counts",
        "the call hung meanwhile",
        "the call hangs still",
        "the provider came again later",
        "the provider had given up",
        "the report waited behind others",
    ],
)
def test_silence_is_false_while_a_provider_speaks(tries: list[Try], *, expected: bool) -> None:
    """While a provider has reported, or is trying to, there is no silence."""
    assert is_false(silence(), tries) is expected


def test_silence_judged_too_early_is_false() -> None:
    """A router whose clock is ahead decides before `fallback_after` is over."""
    assert is_false(silence(recorded_at=74.0, next_asked_at=11.0), [])


def test_report_of_later_is_no_word_of_before() -> None:
    """Who decides in time, before the provider had anything to say, was right."""
    assert not is_false(silence(recorded_at=14.5, next_asked_at=14.6), [tried(14.8, 14.9, 200)])


def test_clock_that_is_behind_hides_nothing() -> None:
    """A decision recorded ten minutes early is judged by the time it can have been made at."""
    assert is_false(silence(recorded_at=-580.0), [tried(12, 12.1, 200)])


def test_tap_reads_each_provider() -> None:
    """A webhook is known by the attempt it names and the status it reports, however it is cut."""
    meta = f'{{"statuses":[{{"status":"delivered","biz_opaque_callback_data":"{ATTEMPT}"}}]}}'
    twilio = "MessageSid=SM1&MessageStatus=delivered"
    sendgrid = f'[{{"event":"delivered","herald_attempt":"{ATTEMPT}"}}]'
    tries: list[Try] = []
    tap = Tap(tries, clock=iter(range(100)).__next__)
    for target, body in (("/w", meta), (f"/t?attempt={ATTEMPT}", twilio), ("/s", sendgrid)):
        call = f"POST {target} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        tap.request(call[:30])
        tap.request(call[30:])
        tap.response(b"HTTP/1.1 200 OK\r\n\r\n")
    assert [(one.attempts, one.status, one.answer) for one in tries] == [
        ((ATTEMPT,), "delivered", 200)
    ] * 3
    assert [(one.began, one.ended) for one in tries] == [(0, 1), (2, 3), (4, 5)]


@pytest.mark.parametrize("length", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("seed", range(20))
def test_of_each_pair_one_can_go_on(seed: int, length: Length) -> None:
    """However many faults hold at once, none strikes both of a pair; and a seed repeats its run."""
    faults = draw(seed, length)
    assert faults == draw(seed, length)
    assert all(fault.ends <= length.run for fault in faults)
    for one, other in combinations(faults, 2):
        assert pair(one) != pair(other) or other.begins >= one.ends


def pair(fault: Fault) -> str:
    return SERVERS if fault.target == SERVERS else kind_of(fault.target)


@pytest.mark.parametrize("tag", [ATTEMPT, f"{ATTEMPT}.u", f"{ATTEMPT}.b"])
def test_a_request_is_known_by_its_attempt(tag: str) -> None:
    """Whatever lane its message is of, the provider's note and our own history name one attempt."""
    noted = json.dumps({"attempt": tag, "accepted": True}).encode()
    assert read_request(noted)["attempt"] == ATTEMPT
