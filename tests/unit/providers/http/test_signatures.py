"""The schemes that a profile may name, against published vectors and forged requests."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from herald.providers.http.plivo_signatures import v2_signature, v3_signature
from herald.providers.http.signatures import is_authentic, signing_headers
from herald.providers.http.webhook_rules import Signature
from herald.providers.webhook_requests import WebhookRequest, fields_of

NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)
URL = "https://hooks.example.com/webhooks/acme/acme-main?attempt=1"
REQUEST = WebhookRequest(
    method="POST", url=URL, query=b"attempt=1", headers={}, body=b'{"a":1}', received_at=NOW
)
SIGNATURE: TypeAdapter[Any] = TypeAdapter(Signature)


def believes(rules: dict[str, Any], request: WebhookRequest, *keys: bytes) -> bool:
    signature = SIGNATURE.validate_python({"secret": "key", **rules})
    held = {"key": keys or (b"key",), "name": (b"us",)}
    fields = fields_of(request.body) if request.method == "POST" else []
    return is_authentic(signature, held, request, fields)


def with_headers(**headers: str) -> WebhookRequest:
    named = {k.replace("_", "-").encode(): v.encode("latin-1") for k, v in headers.items()}
    return replace(REQUEST, headers=named)


def test_plivo_v2_vector() -> None:
    """Plivo's own published vector."""
    made = v2_signature(b"my_auth_token", "https://answer.url", b"12345")
    assert made == b"ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc="


@pytest.mark.parametrize(
    ("method", "url", "form", "signed"),
    [
        # what Plivo's own validator (plivo-python, utils/signature_v3.py) makes of each
        ("POST", "https://a.url/p", {"b": "2", "a": "1"}, "https://a.url/p?a1b2.n"),
        ("POST", "https://a.url/p?z=9&y=8", {"a": "1"}, "https://a.url/p?y=8&z=9.a1.n"),
        ("POST", "https://a.url/p?z=9", {}, "https://a.url/p?z=9.n"),
        ("POST", "https://a.url/p", {}, "https://a.url/p.n"),
        ("GET", "https://a.url/p?z=9&y=8", {}, "https://a.url/p?y=8&z=9.n"),
        ("GET", "https://a.url/p", {}, "https://a.url/p.n"),
    ],
)
def test_plivo_v3_signs_what_plivo_does(
    method: str, url: str, form: dict[str, str], signed: str
) -> None:
    """The URL with its query sorted, the form's fields sorted behind it, and the nonce."""
    digest = hmac.new(b"my_auth_token", signed.encode(), hashlib.sha256).digest()
    made = v3_signature(b"my_auth_token", method, url, form.items(), b"n")
    assert made == base64.b64encode(digest)


def test_plivo_takes_one_of_several_signatures_by_either_header() -> None:
    """A header may hold several; a subaccount's request has the main account's in another."""
    right = v3_signature(b"key", "POST", URL, fields_of(REQUEST.body), b"n").decode()
    rules = {"scheme": "plivo-v3"}
    nonce = {"x_plivo_signature_v3_nonce": "n"}
    for header in ("x_plivo_signature_v3", "x_plivo_signature_ma_v3"):
        assert believes(rules, with_headers(**nonce, **{header: f"AAAA,{right}"}))
        assert not believes(rules, with_headers(**nonce, **{header: right}), b"another")
    assert not believes(rules, with_headers(x_plivo_signature_v3=right))


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_hmac_in_every_form(digest: str, encoding: str) -> None:
    """A keyed hash of the raw body, in hexadecimal digits or base64, with a prefix."""
    made = hmac.digest(b"key", REQUEST.body, digest)
    text = made.hex() if encoding == "hex" else base64.b64encode(made).decode()
    rules = {"scheme": "hmac", "header": "X-Sig", "hash": digest, "encoding": encoding}
    assert believes({**rules, "prefix": "v="}, with_headers(x_sig=f"v={text}"))
    assert believes(rules, with_headers(x_sig=text), b"old", b"key")
    assert not believes({**rules, "prefix": "v="}, with_headers(x_sig=text))
    assert not believes(rules, with_headers(x_sig=text[:-1]))
    assert not believes(rules, with_headers(x_sig="é" * 40))
    assert not believes(rules, REQUEST)


def test_hmac_with_a_time_in_its_header() -> None:
    """`t=...,v1=...`: the time is signed with the body, and may not be far from ours."""
    rules: dict[str, Any] = {
        "scheme": "hmac",
        "header": "X-Sig",
        "field": "v1",
        "timestamp_field": "t",
        "signs": ["timestamp", "text:.", "body"],
        "tolerance": "5m",
    }

    def signed(at: datetime) -> WebhookRequest:
        seconds = str(int(at.timestamp()))
        made = hmac.digest(b"key", seconds.encode() + b"." + REQUEST.body, "sha256").hex()
        return with_headers(x_sig=f"t={seconds},v1={'0' * 64},v1={made}")

    assert believes(rules, signed(NOW))
    assert believes(rules, signed(NOW - timedelta(minutes=4)))
    assert not believes(rules, signed(NOW - timedelta(minutes=6)))
    assert not believes(rules, signed(NOW + timedelta(minutes=6)))
    assert not believes(rules, replace(signed(NOW), body=b"{}"))
    assert not believes(rules, with_headers(x_sig="t=soon,v1=00"))


def test_hmac_over_url_and_other_headers() -> None:
    """Whatever a provider signs is a list of parts."""
    signs = ["method", "url", "path", "header:x-nonce", "text:!"]
    rules = {"scheme": "hmac", "header": "X-Sig", "signs": signs}
    text = f"POST{URL}/webhooks/acme/acme-main7!"
    made = hmac.digest(b"key", text.encode(), "sha256").hex()
    assert believes(rules, with_headers(x_sig=made, x_nonce="7"))
    assert not believes(rules, with_headers(x_sig=made, x_nonce="8"))


def test_tokens() -> None:
    """A secret in a header, in the query, or as a login."""
    header = {"scheme": "header", "header": "X-Token", "prefix": "Bearer "}
    assert believes(header, with_headers(x_token="Bearer key"))
    assert not believes(header, with_headers(x_token="key"))
    query = {"scheme": "query", "name": "attempt"}
    assert believes(query, REQUEST, b"1")
    assert not believes(query, REQUEST, b"2")
    basic = {"scheme": "basic", "username": "name"}
    login = base64.b64encode(b"us:key").decode()
    assert believes(basic, with_headers(authorization=f"Basic {login}"))
    assert not believes(basic, with_headers(authorization=f"Bearer {login}"))
    assert not believes(basic, with_headers(authorization="Basic !!!"))


def test_a_request_without_its_signature_is_not_read() -> None:
    """Every scheme names the headers that sign, but a token in the query."""
    signature = SIGNATURE.validate_python(
        {"scheme": "hmac", "secret": "key", "header": "X-Sig", "timestamp_header": "X-Time"}
    )
    assert signing_headers(signature) == {b"x-sig", b"x-time"}
