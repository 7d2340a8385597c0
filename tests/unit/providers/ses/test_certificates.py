"""The certificates of SNS: fetched once, checked, and never fetched endlessly."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from herald.providers.ses.certificates import (
    ABSENT_SECONDS,
    AWAY_SECONDS,
    KEPT_SECONDS,
    MAX_FETCHES,
    MAX_KEPT,
    MINUTE,
    Fetched,
    FetchError,
)
from herald.providers.webhook_endpoints import UnverifiableError
from unit.providers.ses.signing_keys import (
    CERTIFICATE_URL,
    NOW,
    Web,
    certificate,
    certificates,
    private_key,
)


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_it_is_fetched_once() -> None:
    """A day long, however many ask, also at the same time."""
    web, clock = Web(), Clock()
    known = certificates(web, monotonic=clock)
    keys = await asyncio.gather(*(known.key_of(CERTIFICATE_URL) for _ in range(5)))
    assert {key.public_numbers() for key in keys if key} == {
        private_key().public_key().public_numbers()
    }
    assert len(web.asked) == 1
    clock.now += KEPT_SECONDS + 1
    assert await known.key_of(CERTIFICATE_URL)
    assert len(web.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        *(Fetched(404, b""), Fetched(403, b""), Fetched(302, b""), Fetched(200, b"<html>")),
        *(Fetched(200, b""), Fetched(404, certificate(private_key()))),
        Fetched(200, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ],
)
async def test_what_is_none_is_remembered(answer: Fetched) -> None:
    """A page that is no certificate is asked for once in ten minutes."""
    web, clock = Web(**{CERTIFICATE_URL: answer}), Clock()
    known = certificates(web, monotonic=clock)
    assert await known.key_of(CERTIFICATE_URL) is None
    assert await known.key_of(CERTIFICATE_URL) is None
    assert len(web.asked) == 1
    clock.now += ABSENT_SECONDS + 1
    assert await known.key_of(CERTIFICATE_URL) is None
    assert len(web.asked) == 2


@pytest.mark.parametrize("answer", [Fetched(500, b""), Fetched(503, b""), FetchError("timeout")])
async def test_what_could_not_be_fetched_is_our_trouble(answer: Fetched | FetchError) -> None:
    """SNS is asked to try again, and Amazon is not asked again for some seconds."""
    clock, asked = Clock(), []

    async def fetch(url: str) -> Fetched:
        asked.append(url)
        if isinstance(answer, FetchError):
            raise answer
        return answer

    known = certificates(fetch, monotonic=clock)  # type: ignore[arg-type]
    for _ in range(3):
        with pytest.raises(UnverifiableError, match="certificate"):
            await known.key_of(CERTIFICATE_URL)
    assert len(asked) == 1
    clock.now += AWAY_SECONDS + 1
    with pytest.raises(UnverifiableError):
        await known.key_of(CERTIFICATE_URL)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("begin", "end"),
    [(timedelta(days=-2), timedelta(seconds=-1)), (timedelta(seconds=1), timedelta(days=1))],
)
async def test_dates_count(begin: timedelta, end: timedelta) -> None:
    """A certificate that has ended, or is not valid yet, is none."""
    pem = certificate(private_key(), NOW + begin, NOW + end)
    known = certificates(Web(**{CERTIFICATE_URL: Fetched(200, pem)}))
    assert await known.key_of(CERTIFICATE_URL) is None


async def test_names_without_end_are_not_fetched() -> None:
    """Who knows a topic can make up names: so many are fetched a minute; those known stay."""
    web, clock = Web(), Clock()
    known = certificates(web, monotonic=clock)
    assert await known.key_of(CERTIFICATE_URL)
    for number in range(MAX_FETCHES - 1):
        assert await known.key_of(f"{CERTIFICATE_URL}{number}") is None
    with pytest.raises(UnverifiableError, match="too many"):
        await known.key_of(f"{CERTIFICATE_URL}x")
    assert len(web.asked) == MAX_FETCHES
    assert await known.key_of(CERTIFICATE_URL)
    clock.now += MINUTE
    assert await known.key_of(f"{CERTIFICATE_URL}x") is None


async def test_only_so_many_are_kept() -> None:
    """Memory stays bounded."""
    clock = Clock()
    known = certificates(monotonic=clock)
    for number in range(3 * MAX_KEPT):
        clock.now += MINUTE
        await known.key_of(f"{CERTIFICATE_URL}{number}")
    assert len(known._bad) == MAX_KEPT
