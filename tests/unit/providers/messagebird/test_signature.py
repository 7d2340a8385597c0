"""MessageBird's signature: its published answer, and everything that must not pass."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.messagebird.signature import is_messagebird_token

# published with MessageBird's Python library
KEY = b"36efdd1aace2e26cd490f0d951138253bef2f7c6d34d18981da781555cc4cebb"
URL = "https://example.com/path?bar=1&foo=2"
BODY = b"Hello, World!"
NOW = datetime(2021, 7, 5, 10, tzinfo=UTC)
TOKEN = (
    b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhw"
    b"IjoxNjI1NDc5MjYwLCJqdGkiOiI5M2U1NTAwNi1hMGU4LTQ1MjYtYTE5MC1mYTVmZjAwZWExMTYiLCJ1cmxfaGFzaCI6Ij"
    b"QxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0YjI0MDA0YmFlNzUzZWNlNmMyNjAiLCJwYXls"
    b"b2FkX2hhc2giOiJkZmZkNjAyMWJiMmJkNWIwYWY2NzYyOTA4MDllYzNhNTMxOTFkZDgxYzdmNzBhNGIyODY4OGEzNjIxOD"
    b"I5ODZmIn0._H--TOuYFLpeEH39-rg5E3IHVkjHozBcaKVWPRC5m9I"
)


def is_authentic(
    token: bytes | None = TOKEN,
    url: str = URL,
    body: bytes = BODY,
    *,
    keys: tuple[bytes, ...] = (b"other", KEY),
    now: datetime = NOW,
) -> bool:
    return is_messagebird_token(token, url, body, keys, now)


def signed(algorithm: str = "HS256", body: bytes = BODY, **changes: Any) -> bytes:
    """Sign as MessageBird does; a claim of None is left out."""
    start = int(NOW.timestamp())
    claims: dict[str, Any] = {
        "iss": "MessageBird",
        "nbf": start,
        "exp": start + 60,
        "jti": "1",
        "url_hash": hashlib.sha256(URL.encode()).hexdigest(),
        "payload_hash": hashlib.sha256(body).hexdigest() if body else None,
    }
    kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(kept, KEY, algorithm=algorithm).encode()


def test_published_answer() -> None:
    """MessageBird's example is authentic for its URL, body, key and minute, and no other."""
    assert is_authentic()
    assert not is_authentic(url=URL + "&")
    assert not is_authentic(url="https://example.com/path?foo=2&bar=1")
    assert not is_authentic(url=URL.replace("https", "http"))
    assert not is_authentic(body=BODY + b" ")
    assert not is_authentic(body=b"")
    assert not is_authentic(keys=(b"other",))
    assert not is_authentic(keys=())


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-2, False), (-1, True), (0, True), (60, True), (61, False)]
)
def test_a_token_is_good_for_a_minute(seconds: int, *, expected: bool) -> None:
    """With a second between MessageBird's clock and ours."""
    assert is_authentic(now=NOW + timedelta(seconds=seconds)) is expected


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_its_algorithms(algorithm: str) -> None:
    """MessageBird signs with three."""
    assert is_authentic(signed(algorithm))
    assert is_authentic(signed(algorithm, body=b""), body=b"")


@pytest.mark.parametrize(
    "token",
    [
        None,
        b"",
        b"a.b.c",
        "é.é.é".encode(),
        TOKEN[:-1],
        signed(iss="Another"),
        signed(iss=None),
        signed(nbf=None),
        signed(exp=None),
        signed(nbf="soon"),
        signed(exp=10**40),
        signed(url_hash=None),
        signed(url_hash=5),
        signed(payload_hash=None),
        signed(payload_hash=""),
        signed(payload_hash=hashlib.sha256(b"").hexdigest()),
        jwt.encode({"iss": "MessageBird"}, "", algorithm="none").encode(),
    ],
)
def test_what_is_refused(token: bytes | None) -> None:
    """A token that lacks a claim, or claims something else, proves nothing."""
    assert not is_authentic(token)


def test_a_hash_of_a_body_that_is_not_there() -> None:
    """A request whose body was taken away is not the one that was signed."""
    assert not is_authentic(signed(), body=b"")


@given(token=st.binary() | st.none(), url=st.text(), body=st.binary())
def test_it_never_raises(token: bytes | None, url: str, body: bytes) -> None:
    """Whatever is sent, the answer is no; a URL no request can hold as well."""
    assert not is_authentic(token, url, body)
    assert not is_authentic(url="https://example.com/\u20ac")
