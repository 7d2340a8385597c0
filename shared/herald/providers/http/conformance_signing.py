"""How the conformance kit signs as a profile says that its provider does."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from herald.providers.http.plivo_signatures import v2_signature, v3_signature
from herald.providers.http.profile import Profile
from herald.providers.http.signatures import hmac_of
from herald.providers.http.webhook_rules import (
    BasicLogin,
    HeaderToken,
    Hmac,
    PlivoV2,
    PlivoV3,
    QueryToken,
)
from herald.providers.samples import InHeader, InQuery
from herald.providers.subject_webhooks import Call, Installed, Place, Signing
from herald.providers.webhook_requests import WebhookRequest, fields_of

USERNAME = "user-of-callbacks"
_NONCE = b"nonce-4711"

Sign = Callable[[Call, str, Any], Call]


def signing(profile: Profile) -> Signing:
    """Return how the requests of a profile's provider are signed."""
    assert profile.webhooks is not None, "it calls us"
    signature, names = profile.webhooks.signature, profile.secrets
    place, sign = _scheme(profile)

    def install(keys: Sequence[str]) -> Installed:
        several = names[signature.secret].several
        held: dict[str, Any] = {signature.secret: list(keys) if several else keys[0]}
        if isinstance(signature, BasicLogin):
            held[signature.username] = USERNAME
        return Installed(secrets=held)

    keys = ("first-secret", "second-secret", "secret-of-another")
    return Signing(keys=keys, sign=sign, install=install, signature=place)


def _scheme(profile: Profile) -> tuple[Place, Sign]:
    assert profile.webhooks is not None, "it calls us"
    signature = profile.webhooks.signature
    match signature:
        case HeaderToken():
            place: Any = InHeader(signature.header.lower().encode())
            return place, lambda call, _base, key: place.write(
                call, f"{signature.prefix}{key}".encode()
            )
        case QueryToken():
            place = InQuery(signature.name)
            return place, lambda call, _base, key: place.write(call, key.encode())
        case BasicLogin():
            place = InHeader(b"authorization")
            return place, lambda call, _base, key: place.write(call, _login(key))
        case Hmac():
            place = InHeader(signature.header.lower().encode())
            return place, lambda call, base, key: _with_hmac(place, signature, call, base, key)
        case PlivoV2():
            place = InHeader(b"x-plivo-signature-v2")
            return place, lambda call, base, key: place.write(
                call.with_header(b"x-plivo-signature-v2-nonce", _NONCE),
                v2_signature(key.encode(), call.url(base), _NONCE),
            )
        case PlivoV3():
            place = InHeader(b"x-plivo-signature-v3")
            return place, lambda call, base, key: place.write(
                call.with_header(b"x-plivo-signature-v3-nonce", _NONCE),
                v3_signature(
                    key.encode(), call.method, call.url(base), fields_of(call.body), _NONCE
                ),
            )


def _with_hmac(place: Place, signature: Hmac, call: Call, base: str, key: str) -> Call:
    if signature.timestamp_header is not None:
        at = str(int(call.at.timestamp())).encode()
        call = call.with_header(signature.timestamp_header.lower().encode(), at)
    request = WebhookRequest(
        method=call.method,
        url=call.url(base),
        query=call.query.encode("latin-1"),
        headers=call.headers,
        body=call.body,
        received_at=call.at,
    )
    claim = hmac_of(signature, key.encode(), request)
    return place.write(call, signature.prefix.encode() + claim)


def _login(password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{USERNAME}:{password}".encode())
