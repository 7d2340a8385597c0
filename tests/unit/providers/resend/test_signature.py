"""Svix's signature: published and own known answers, the library, and what must not pass."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from herald.providers.resend.signature import is_svix_signature, key_of

MINUTES = timedelta(minutes=5)
KEY = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
OTHER_KEY = key_of("C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
NAME, AT, BODY = b"msg_p5jXN8AQM9LWM0D4loKWxJek", b"1614265330", b'{"test": 2432232314}'
SIGNATURE = b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
UTF8_NAME, UTF8_AT = b"evt_01HZX", b"1768824000"
UTF8_BODY = (
    '{"type":"message.delivered","timestamp":"2026-01-19T12:00:00Z","data":{"id":"Grüße 👋"}}'
).encode()
UTF8_SIGNATURE = b"v1,enHLLzaGN1sfm1dsh+tk9FPrHLkarS6Nw7BI2gM8kz8="
UTF8_OTHER = b"v1,Awe+ht9KcwF1t9KeDr5c0jpVabaN59lin8eVq0MwJHk="


def check(
    name: bytes | None,
    at: bytes | None,
    signature: bytes | None,
    body: bytes,
    *keys: bytes,
    late: timedelta = timedelta(0),
) -> bool:
    """Check a signature at its own time, or some time later."""
    now = datetime.fromtimestamp(int(at[:10]) if at and at.isdigit() else 0, UTC) + late
    return is_svix_signature(name, at, signature, body, keys, now, MINUTES)


def test_published_known_answer() -> None:
    """The example of Standard Webhooks' and Svix's own tests passes."""
    assert check(NAME, AT, SIGNATURE, BODY, KEY)
    assert check(NAME, AT, SIGNATURE, BODY, OTHER_KEY, KEY)


def test_own_known_answers() -> None:
    """A body outside ASCII passes under either key, and under each of two signatures."""
    assert check(UTF8_NAME, UTF8_AT, UTF8_SIGNATURE, UTF8_BODY, KEY)
    assert check(UTF8_NAME, UTF8_AT, UTF8_OTHER, UTF8_BODY, OTHER_KEY)
    for key in (KEY, OTHER_KEY):
        assert check(UTF8_NAME, UTF8_AT, UTF8_OTHER + b" " + UTF8_SIGNATURE, UTF8_BODY, key)
        assert check(UTF8_NAME, UTF8_AT, b"v1a,AAAA x " + UTF8_SIGNATURE, UTF8_BODY, KEY)


def test_what_differs_is_refused() -> None:
    """Another key, id, time, version or body is not authentic; neither is one that is too old."""
    assert not check(NAME, AT, SIGNATURE, BODY)
    assert not check(NAME, AT, SIGNATURE, BODY, OTHER_KEY)
    assert not check(b"msg_x", AT, SIGNATURE, BODY, KEY)
    assert not check(NAME, b"1614265331", SIGNATURE, BODY, KEY)
    assert not check(NAME, AT, SIGNATURE, BODY + b" ", KEY)
    assert not check(NAME, AT, b"v2" + SIGNATURE[2:], BODY, KEY)
    assert not check(NAME, AT, SIGNATURE[3:], BODY, KEY)
    assert not check(NAME, AT, SIGNATURE, BODY, KEY, late=timedelta(minutes=6))
    assert not check(NAME, AT, SIGNATURE, BODY, KEY, late=-timedelta(minutes=6))
    for missing in (None, b""):
        assert not check(missing, AT, SIGNATURE, BODY, KEY)
        assert not check(NAME, missing, SIGNATURE, BODY, KEY)
        assert not check(NAME, AT, missing, BODY, KEY)
    for time in (b"1614265330.5", b"-1614265330", b"16e8", b"9" * 30, b"\xff"):
        assert not check(NAME, time, SIGNATURE, BODY, KEY)


@pytest.mark.parametrize("secret", ["whsec_", "", "whsec_no base64", "whsec_é", "whsec_AAA"])
def test_secrets_that_are_none(secret: str) -> None:
    """A secret that is no key is an error that does not repeat it."""
    with pytest.raises(ValueError, match="whsec_ and base64") as caught:
        key_of(secret)
    assert len(secret) < 7 or secret not in str(caught.value)


@given(
    key=st.binary(min_size=24, max_size=64),
    name=st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True),
    body=st.text(st.characters(codec="utf-8")),
)
def test_the_library_agrees(key: bytes, name: str, body: str) -> None:
    """What the Standard Webhooks library signs passes here, and fails with another body."""
    now = datetime.now(UTC)
    signature = Webhook(base64.b64encode(key).decode()).sign(name, now, body).encode()
    given = (name.encode(), str(int(now.timestamp())).encode(), signature)
    assert is_svix_signature(*given, body.encode(), [key], now, MINUTES)
    assert not is_svix_signature(*given, body.encode() + b"x", [key], now, MINUTES)


def library(timestamp: str, signature: str, body: bytes | str) -> None:
    headers = {
        "webhook-id": NAME.decode(),
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
    }
    Webhook(base64.b64encode(KEY).decode()).verify(body, headers)


def test_where_the_library_fails() -> None:
    """Where the library raises errors of its own, here the answer is no."""
    now = str(int(datetime.now(UTC).timestamp()))
    with pytest.raises(ValueError, match="unpack"):
        library(now, "no comma", BODY)
    assert not check(NAME, now.encode(), b"no comma", BODY, KEY)
    with pytest.raises(UnicodeDecodeError):
        library(now, SIGNATURE.decode(), b"\xff")
    assert not check(NAME, now.encode(), SIGNATURE, b"\xff", KEY)
    with pytest.raises(WebhookVerificationError, match="No matching"):
        library(f"{now}.5", SIGNATURE.decode(), BODY)  # it takes a fraction for a time
    assert not check(NAME, f"{now}.5".encode(), SIGNATURE, BODY, KEY)


HEADERS = st.binary() | st.none()


@given(name=HEADERS, at=HEADERS, signature=HEADERS, body=st.binary())
def test_it_never_raises(
    name: bytes | None, at: bytes | None, signature: bytes | None, body: bytes
) -> None:
    """Whatever is sent, it answers no instead of raising."""
    assert is_svix_signature(name, at, signature, body, [KEY], datetime.now(UTC), MINUTES) is False
