"""The signature schemes that a profile may name. Pure: all fail closed, and raise nothing."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from herald.providers.account import Secrets
from herald.providers.http.plivo_signatures import is_plivo_v2, is_plivo_v3
from herald.providers.http.secret_values import all_secrets
from herald.providers.http.webhook_rules import (
    BasicLogin,
    HeaderToken,
    Hmac,
    PlivoV2,
    QueryToken,
    Signature,
)
from herald.providers.signatures import any_equal
from herald.providers.webhook_requests import WebhookRequest

_AUTHORIZATION = b"authorization"
Keys = Mapping[str, tuple[bytes, ...]]


def keys_of(signature: Signature, secrets: Secrets) -> dict[str, tuple[bytes, ...]]:
    """Return the secrets that a scheme verifies with, by their names.

    Raises:
        ValueError: one is not written as the scheme says.
    """
    names = {signature.secret}
    if isinstance(signature, BasicLogin):
        names.add(signature.username)
    keys = {name: tuple(one.encode() for one in all_secrets(secrets, name)) for name in names}
    if isinstance(signature, Hmac):
        keys[signature.secret] = tuple(_key(signature, one) for one in keys[signature.secret])
    return keys


def signing_headers(signature: Signature) -> frozenset[bytes]:
    """Return the headers without which no request is authentic, in lower case."""
    match signature:
        case QueryToken():
            return frozenset()
        case BasicLogin():
            return frozenset({_AUTHORIZATION})
        case HeaderToken():
            return frozenset({_lower(signature.header)})
        case Hmac(timestamp_header=at):
            return frozenset({_lower(signature.header)} | ({_lower(at)} if at else set()))
        case PlivoV2():
            return frozenset({b"x-plivo-signature-v2-nonce"})
    return frozenset({b"x-plivo-signature-v3-nonce"})


def is_authentic(
    signature: Signature, keys: Keys, request: WebhookRequest, fields: Iterable[tuple[str, str]]
) -> bool:
    """Say whether a request is authentic; `fields` are those of its form."""
    mine = keys[signature.secret]
    match signature:
        case HeaderToken():
            given = request.headers.get(_lower(signature.header), b"")
            prefix = signature.prefix.encode()
            return given.startswith(prefix) and any_equal(given.removeprefix(prefix), mine)
        case QueryToken():
            token = request.query_value(signature.name) or ""
            return any_equal(token.encode("latin-1"), mine)
        case BasicLogin():
            return _is_login(request, keys[signature.username], mine)
        case Hmac():
            return _is_hmac(signature, mine, request)
        case PlivoV2():
            return is_plivo_v2(request, mine)
    return is_plivo_v3(request, fields, mine)


def _is_login(
    request: WebhookRequest, usernames: tuple[bytes, ...], passwords: tuple[bytes, ...]
) -> bool:
    scheme, _, encoded = request.headers.get(_AUTHORIZATION, b"").partition(b" ")
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    logins = [b"%b:%b" % (name, password) for name in usernames for password in passwords]
    return any_equal(given, logins) and scheme.lower() == b"basic"


def _is_hmac(signature: Hmac, keys: tuple[bytes, ...], request: WebhookRequest) -> bool:
    header = request.headers.get(_lower(signature.header), b"")
    claims = [header]
    if signature.field is not None:
        claims = _fields(header).get(signature.field.encode(), [])
    signed_at = _timestamp(signature, request)
    if signature.tolerance is not None:
        number = signed_at.decode("latin-1")
        if not (number.isascii() and number.isdigit() and len(number) < 20):  # noqa: PLR2004
            return False
        apart = abs(request.received_at.timestamp() - int(number))
        if apart > signature.tolerance.total_seconds():
            return False
    expected = [hmac_of(signature, key, request) for key in keys]
    found = False
    for claim in claims:
        prefix = signature.prefix.encode()
        is_written = claim.startswith(prefix)
        written = claim.removeprefix(prefix).strip()
        if signature.encoding == "hex":
            written = written.lower()
        found |= is_written and any_equal(written, expected)
    return found


def hmac_of(signature: Hmac, key: bytes, request: WebhookRequest) -> bytes:
    """Return the hash of a request, as its header has it behind the prefix."""
    signed = b"".join(_signed(signature, request, _timestamp(signature, request)))
    digest = hmac.digest(key, signed, signature.hash)
    return digest.hex().encode() if signature.encoding == "hex" else base64.b64encode(digest)


def _signed(signature: Hmac, request: WebhookRequest, signed_at: bytes) -> Iterator[bytes]:
    for part in signature.signs:
        kind, _, rest = part.partition(":")
        match kind:
            case "body":
                yield request.body
            case "url":
                yield request.url.encode("latin-1")
            case "path":
                yield urlsplit(request.url).path.encode("latin-1")
            case "method":
                yield request.method.encode()
            case "timestamp":
                yield signed_at
            case "header":
                yield request.headers.get(_lower(rest), b"")
            case "text":
                yield rest.encode()


def _timestamp(signature: Hmac, request: WebhookRequest) -> bytes:
    if signature.timestamp_field is not None:
        header = request.headers.get(_lower(signature.header), b"")
        return next(iter(_fields(header).get(signature.timestamp_field.encode(), [])), b"")
    if signature.timestamp_header is not None:
        return request.headers.get(_lower(signature.timestamp_header), b"")
    return b""


def _fields(header: bytes) -> dict[bytes, list[bytes]]:
    """Read a header like `t=1,v1=abc`; a field may stand there more than once."""
    found: dict[bytes, list[bytes]] = {}
    for part in header.split(b","):
        name, _, value = part.strip().partition(b"=")
        found.setdefault(name, []).append(value)
    return found


def _key(signature: Hmac, written: bytes) -> bytes:
    try:
        if signature.key == "base64":
            return base64.b64decode(written, validate=True)
        return bytes.fromhex(written.decode()) if signature.key == "hex" else written
    except ValueError:
        raise ValueError(f"secrets_file: {signature.secret}: is no {signature.key}") from None


def _lower(name: str) -> bytes:
    return name.lower().encode()
