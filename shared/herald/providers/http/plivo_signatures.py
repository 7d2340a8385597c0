"""Plivo's signatures of its webhooks. Source: Plivo's own validators, V2 and V3. Pure."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from herald.providers.signatures import any_equal
from herald.providers.webhook_requests import WebhookRequest, fields_of

Fields = Iterable[tuple[str, str]]


def v2_signature(token: bytes, url: str, nonce: bytes) -> bytes:
    """Sign the URL without its query, and a nonce."""
    return _signed(token, _base(url) + nonce)


def v3_signature(token: bytes, method: str, url: str, fields: Fields, nonce: bytes) -> bytes:
    """Sign the URL with its query sorted, the fields of a form sorted behind it, and a nonce."""
    signed = _base(url)
    pairs = sorted(fields_of(urlsplit(url).query.encode("latin-1")))
    query = "&".join(f"{name}={value}" for name, value in pairs).encode("latin-1")
    form = "".join(f"{name}{value}" for name, value in sorted(fields)).encode("latin-1")
    if method == "GET":
        signed += b"?" + query if query else b""
    else:
        signed += b"?" + query if query or form else b""
        signed += b"." + form if query and form else form
    return _signed(token, signed + b"." + nonce)


def is_plivo_v2(request: WebhookRequest, tokens: tuple[bytes, ...]) -> bool:
    """Say whether one of the tokens signed a request by the second scheme."""
    nonce = request.headers.get(b"x-plivo-signature-v2-nonce", b"")
    expected = [v2_signature(token, request.url, nonce) for token in tokens]
    return _is_claimed(request, b"v2", expected)


def is_plivo_v3(request: WebhookRequest, fields: Fields, tokens: tuple[bytes, ...]) -> bool:
    """Say whether one of the tokens signed a request by the third scheme."""
    nonce, form = request.headers.get(b"x-plivo-signature-v3-nonce", b""), list(fields)
    expected = [v3_signature(token, request.method, request.url, form, nonce) for token in tokens]
    return _is_claimed(request, b"v3", expected)


def _is_claimed(request: WebhookRequest, version: bytes, expected: list[bytes]) -> bool:
    """Look at both headers: the second one is signed with the token of the main account."""
    found = False
    for name in (b"x-plivo-signature-" + version, b"x-plivo-signature-ma-" + version):
        for claim in request.headers.get(name, b"").split(b","):
            found |= any_equal(claim.strip(), expected)
    return found


def _base(url: str) -> bytes:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}".encode("latin-1")


def _signed(token: bytes, text: bytes) -> bytes:
    return base64.b64encode(hmac.digest(token, text, "sha256"))
