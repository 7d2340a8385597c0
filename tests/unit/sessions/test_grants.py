"""What is sent to token endpoints, and what their responses mean."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from herald.http.response import HttpResponse
from herald.providers.oauth import KeyUnusableError, OAuth, OAuthSecrets
from herald.sessions.assertions import signed_assertion
from herald.sessions.grants import (
    Granted,
    GrantRefused,
    read_response,
    refresh_after,
    refresh_tokens,
    write_request,
)

NOW = datetime(2026, 1, 19, 12, tzinfo=UTC)
URL = "https://oauth2.example.com/token"
SECRETS = OAuthSecrets(client_secret=SecretStr("s+s"), refresh_token=SecretStr("first"))


def options(**changes: Any) -> OAuth:
    fields = {"grant": "refresh_token", "token_url": URL, "client_id": "id", "scope": "a b"}
    return OAuth.model_validate({**fields, **changes})


def form(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


def response(status: int, document: Any, **headers: str) -> HttpResponse:
    return HttpResponse(status, headers, json.dumps(document).encode())


def test_a_refresh_token_is_sent_with_the_client() -> None:
    """RFC 6749, section 6; the client's id and secret go into the form."""
    sent = write_request(options(), SECRETS, SecretStr("kept"), NOW)
    assert sent.url == URL
    assert form(sent.body) == {
        "grant_type": "refresh_token",
        "refresh_token": "kept",
        "scope": "a b",
        "client_id": "id",
        "client_secret": "s+s",
    }


def test_a_client_may_be_named_in_the_header() -> None:
    """RFC 6749, section 2.3.1: both are form-encoded before they become Basic credentials."""
    sent = write_request(
        options(grant="client_credentials", client_authentication="basic"), SECRETS, None, NOW
    )
    assert form(sent.body) == {"grant_type": "client_credentials", "scope": "a b"}
    assert sent.headers["Authorization"] == f"Basic {base64.b64encode(b'id:s%2Bs').decode()}"


def test_a_request_shows_no_secret() -> None:
    """Neither the body nor the headers stand in its text."""
    sent = write_request(options(), SECRETS, SecretStr("kept"), NOW)
    assert "kept" not in repr(sent)
    assert "s%2Bs" not in repr(sent)


@pytest.mark.parametrize(
    ("document", "lifetime"),
    [
        ({"expires_in": 3599}, timedelta(seconds=3599)),
        ({"expires_in": "3599"}, timedelta(seconds=3599)),
        ({"expires_in": 1e300}, timedelta(days=30)),
        ({}, timedelta(hours=1)),
        ({"expires_in": -5}, timedelta(hours=1)),
        ({"expires_in": True}, timedelta(hours=1)),
    ],
)
def test_a_token_has_a_lifetime(document: dict[str, Any], lifetime: timedelta) -> None:
    """As the endpoint says; an hour where it says nothing that can be used."""
    granted = read_response(response(200, {"access_token": "t", **document}))
    assert isinstance(granted, Granted)
    assert granted.lifetime == lifetime


def test_a_new_refresh_token_is_taken_in() -> None:
    """RFC 6749, section 6: it replaces the one that was sent."""
    granted = read_response(response(200, {"access_token": "t", "refresh_token": "next"}))
    assert isinstance(granted, Granted)
    assert granted.refresh_token == SecretStr("next")


@pytest.mark.parametrize(
    ("status", "document", "code", "is_lasting"),
    [
        (400, {"error": "invalid_grant"}, "invalid_grant", True),
        (401, {"error": "invalid_client"}, "invalid_client", True),
        (400, {"error": "invalid_grant", "error_codes": [700082]}, "invalid_grant_700082", True),
        (400, {"error": "temporarily_unavailable"}, "temporarily_unavailable", False),
        (429, {"error": "invalid_request"}, "invalid_request", False),
        (503, {"error": "server_error"}, "server_error", False),
        (400, {"error": "Bad Thing <script>"}, "http_400", False),
        (502, "a page", "http_502", False),
        (200, {"token_type": "Bearer"}, "response_unreadable", False),
        (200, {"access_token": "t\nx: y", "a": "\u00e9"}, None, None),
    ],
)
def test_a_refusal_lasts_or_passes(
    status: int, document: Any, code: str | None, is_lasting: bool | None
) -> None:
    """Only the endpoint's own word that it is about us lasts."""
    read = read_response(response(status, document))
    if code is None:
        assert isinstance(read, Granted | GrantRefused)
        return
    assert read == GrantRefused(code, is_lasting=bool(is_lasting))


def test_an_endpoint_may_ask_for_a_pause() -> None:
    """`Retry-After` counts."""
    read = read_response(response(429, {"error": "slow_down"}, **{"Retry-After": "30"}))
    assert read == GrantRefused("slow_down", is_lasting=False, wait=timedelta(seconds=30))


def test_the_newer_refresh_token_comes_first() -> None:
    """The kept one is newer, unless a person has changed the configuration since."""
    first, kept = SecretStr("first"), SecretStr("kept")
    assert refresh_tokens(options(), first, kept, is_changed=False) == (kept, first)
    assert refresh_tokens(options(), first, kept, is_changed=True) == (first, kept)
    assert refresh_tokens(options(), first, None, is_changed=True) == (first,)
    assert refresh_tokens(options(), first, first, is_changed=False) == (first,)
    assert refresh_tokens(options(grant="client_credentials"), None, None, is_changed=True) == (
        None,
    )


def test_the_next_token_is_asked_for_ahead() -> None:
    """Five minutes before the end, or a fifth of a short life."""
    assert refresh_after(timedelta(hours=1)) == timedelta(minutes=55)
    assert refresh_after(timedelta(seconds=10)) == timedelta(seconds=8)


def pem(key: Any) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


def unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
P256 = ec.generate_private_key(ec.SECP256R1())


def test_an_assertion_is_signed_with_rsa() -> None:
    """RS256: what Google's service accounts have; the claims are in it, and the key's id."""
    sent = write_request(
        options(grant="jwt_bearer", client_id="robot@example.com", user="a@example.com"),
        OAuthSecrets(private_key=SecretStr(pem(RSA)), private_key_id=SecretStr("k1")),
        None,
        NOW,
    )
    header, claims, signature = form(sent.body)["assertion"].split(".")
    RSA.public_key().verify(
        unpacked(signature), f"{header}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    assert json.loads(unpacked(header)) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    seconds = int(NOW.timestamp())
    assert json.loads(unpacked(claims)) == {
        "iss": "robot@example.com",
        "aud": URL,
        "scope": "a b",
        "sub": "a@example.com",
        "iat": seconds - 30,
        "exp": seconds + 600,
    }


def test_an_assertion_is_signed_with_p256() -> None:
    """ES256: the two numbers side by side (RFC 7518, section 3.4)."""
    header, claims, signature = signed_assertion({"iss": "a"}, pem(P256), NOW).split(".")
    raw = unpacked(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    P256.public_key().verify(der, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("key", ["", "canary", pem(ec.generate_private_key(ec.SECP384R1()))])
def test_a_key_that_cannot_sign_is_not_shown(key: str) -> None:
    """The error says what is needed, and repeats nothing of the key."""
    with pytest.raises(KeyUnusableError) as error:
        signed_assertion({}, key, NOW)
    assert "canary" not in str(error.value)
