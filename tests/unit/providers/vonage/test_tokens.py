"""How Vonage and Herald prove to each other who calls."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

import jwt
import pytest

from herald.providers.vonage.account import VonageSecrets
from herald.providers.vonage.tokens import authorization, is_vonage_token
from unit.channel.making import NOW
from unit.providers.vonage.making import APPLICATION, account, pem, private_key

SECRET = b"signature-secret-of-the-account."
BODY = b'{"message_uuid":"aaaaaaaa-bbbb-cccc-dddd-0123456789ab","status":"delivered"}'
WINDOW = timedelta(minutes=5)


def held(**secrets: Any) -> VonageSecrets:
    return VonageSecrets.model_validate({"signature_secrets": ["x"], **secrets})


def header(secret: bytes = SECRET, **changes: Any) -> bytes:
    claims = {
        "iat": int(NOW.timestamp()),
        "jti": "1",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(BODY).hexdigest(),
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return b"Bearer " + jwt.encode(kept, secret, algorithm="HS256").encode()


def is_authentic(given: bytes | None, body: bytes = BODY, **changes: Any) -> bool:
    given_now = changes.get("now", NOW)
    return is_vonage_token(given, body, (b"other", SECRET), given_now, WINDOW)


def test_a_webhook_of_vonages() -> None:
    """A token of this body and of about now is authentic, in any case of the scheme's name."""
    assert is_authentic(header())
    assert is_authentic(header().replace(b"Bearer ", b"bearer "))
    assert is_authentic(header(payload_hash=hashlib.sha256(BODY).hexdigest().upper()))


@pytest.mark.parametrize(
    "given",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic eDp5",
        header()[len(b"Bearer ") :],
        header(b"another accounts secret of 32 by"),
        header(payload_hash=None),
        header(payload_hash=hashlib.sha256(BODY + b" ").hexdigest()),
        header(payload_hash=5),
        header(iat=None),
        header(iat="soon"),
        header(iat=0),
        header(iat=10**30),
        header()[:-1],
        "Bearer é.é.é".encode(),
    ],
)
def test_what_is_refused(given: bytes | None) -> None:
    """Another secret, another body, no hash of it, no time, or no token at all."""
    assert not is_authentic(given)


def test_a_token_is_good_for_minutes() -> None:
    """An old one and one of the future are refused."""
    assert is_authentic(header(), now=NOW + WINDOW)
    assert not is_authentic(header(), now=NOW + WINDOW + timedelta(seconds=1))
    assert not is_authentic(header(), now=NOW - WINDOW - timedelta(seconds=1))


def test_no_body_needs_no_hash() -> None:
    """But a hash that is there is of nothing."""
    assert is_authentic(header(payload_hash=None), b"")
    assert not is_authentic(header(), b"")


def test_calls_by_an_applications_token() -> None:
    """RS256 under the private key, for 15 minutes, a new one for each call."""
    secrets = held(private_key=pem(), api_secret="not used")
    tokens = [authorization(account(), secrets, NOW).removeprefix("Bearer ") for _ in range(2)]
    found = [
        jwt.decode(
            token,
            private_key().public_key(),
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False},
        )
        for token in tokens
    ]
    assert found[0]["application_id"] == APPLICATION
    assert found[0]["iat"] == int(NOW.timestamp())
    assert found[0]["exp"] - found[0]["iat"] == 900
    assert found[0]["jti"] != found[1]["jti"]


def test_calls_by_an_api_key() -> None:
    """Without an application's key, the API key with its secret."""
    given = authorization(account(api_key="abcd1234"), held(api_secret="s3cret"), NOW)
    assert base64.b64decode(given.removeprefix("Basic ")) == b"abcd1234:s3cret"
