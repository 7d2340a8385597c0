"""Tokens that sign webhooks: published answers, and everything that must not pass."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.signed_tokens import LONGEST_TOKEN, claims_of, is_hash_of

# published with Vonage's Python library
TOKEN = (
    b"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJPbmxpbmUgSldUIEJ1aWxkZXIiLCJpYXQiOjE2OTc2MzQ2"
    b"ODAsImV4cCI6MzMyNTQ1NDA4MjgsImF1ZCI6IiIsInN1YiI6IiJ9.88vJc3I2HhuqEDixHXVhc9R30tA6U_HQHZTC29y6"
    b"CGM"
)
SECRET = b"qwertyuiopasdfghjklzxcvbnm123456"
# made here
BODY = b'{"message_uuid":"aaaaaaaa-bbbb-cccc-dddd-0123456789ab","status":"delivered"}'
HASH = "32138b6475c4c4b55b24b5620e92cdcf326d44d72f5c42535e0d2e865af5b5c7"


def claims(token: bytes | None, *keys: bytes, required: tuple[str, ...] = ()) -> Any:
    return claims_of(token, keys or (SECRET,), algorithms=("HS256",), required=required)


def signed(algorithm: str = "HS256", key: Any = SECRET, **given: Any) -> bytes:
    return jwt.encode(given, key, algorithm=algorithm).encode()


def test_published_answer() -> None:
    """Vonage's example is authentic under its secret, whatever stands beside it, and no other."""
    assert claims(TOKEN)["iat"] == 1697634680
    assert claims(TOKEN, b"asdf", SECRET) is not None
    for keys in ((b"asdf",), (b"",), (SECRET + b"0",)):
        assert claims(TOKEN, *keys) is None
    assert claims_of(TOKEN, (), algorithms=("HS256",), required=()) is None


def test_a_claim_without_which_it_proves_nothing() -> None:
    """A token without it is refused, however well it is signed."""
    assert claims(TOKEN, required=("iat",)) is not None
    assert claims(TOKEN, required=("iat", "payload_hash")) is None
    assert claims(signed(iat=None), required=("iat",)) is None


def test_the_algorithm_is_ours_to_choose() -> None:
    """A token that names another one, or none, is refused: it must not choose how it is read."""
    assert claims(signed(iat=1)) is not None
    for algorithm in ("HS384", "HS512"):
        assert claims(signed(algorithm, iat=1)) is None
    assert claims(jwt.encode({"iat": 1}, "", algorithm="none").encode()) is None
    header, payload, _ = TOKEN.split(b".")
    for alg in ("none", "None", "RS256", "", None, 5):
        head = base64.urlsafe_b64encode(json.dumps({"typ": "JWT", "alg": alg}).encode())
        assert claims(b".".join((head.rstrip(b"="), payload, b""))) is None
        assert claims(b".".join((head.rstrip(b"="), payload, TOKEN.rpartition(b".")[2]))) is None
    assert claims(header + b"." + payload) is None


@pytest.mark.parametrize(
    "token",
    [
        None,
        b"",
        b".",
        b"..",
        b"a.b.c",
        b"\xff\xfe.\xff.\xff",
        "é.é.é".encode(),
        TOKEN[:-1],
        TOKEN[1:],
        TOKEN + b" x",
        TOKEN.replace(b".", b". "),
        b"A" * (LONGEST_TOKEN + 1),
        base64.urlsafe_b64encode(b"[" * 3_000) + b".e30.e30",
        base64.urlsafe_b64encode(b'{"alg":' + b"9" * 5_000 + b"}") + b".e30.e30",
    ],
)
def test_what_is_no_token(token: bytes | None) -> None:
    """Whatever anybody writes is not authentic, and raises nothing."""
    assert claims(token) is None


@given(token=st.binary(), key=st.binary())
def test_it_never_raises(token: bytes, key: bytes) -> None:
    """Any bytes under any key."""
    assert claims(token, key) is None


def test_claims_that_are_no_object() -> None:
    """A payload of another kind claims nothing."""
    assert claims(jwt.api_jws.encode(b"[1]", SECRET, algorithm="HS256").encode()) is None


def test_hashes() -> None:
    """A claim is the hash of the bytes as they came, in either case."""
    assert is_hash_of(HASH, BODY)
    assert is_hash_of(HASH.upper(), BODY)
    for claimed in (HASH[:-1], "", "é", "\ud800", None, 5, [HASH]):
        assert not is_hash_of(claimed, BODY)
    assert not is_hash_of(HASH, BODY + b" ")
