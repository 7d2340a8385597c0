"""Tokens by which a caller is known whose requests nobody signs. Pure.

A token comes as the password of Basic auth (RFC 7617), as a Bearer token (RFC 6750), or, where a
console takes nothing but a URL, as the query's field `token`: then whoever logs URLs has it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

from herald.providers.signatures import any_equal
from herald.providers.webhook_endpoints import Head
from herald.providers.webhook_requests import fields_of

HEADER = b"authorization"
FIELD = "token"


def has_token(head: Head, tokens: Iterable[bytes]) -> bool:
    """Whether a request shows one of these tokens; an empty one is none."""
    known = [token for token in tokens if token]
    found = False
    for shown in _shown(head):
        found |= any_equal(shown, known)
    return found


def _shown(head: Head) -> Iterator[bytes]:
    scheme, _, value = head.headers.get(HEADER, b"").partition(b" ")
    if scheme.lower() == b"bearer":
        yield value.strip()
    elif scheme.lower() == b"basic":
        yield _password(value.strip())
    if head.query:
        try:
            fields = fields_of(head.query)
        except ValueError:  # more than anybody sends
            return
        yield from (value.encode("latin-1") for name, value in fields if name == FIELD)


def _password(encoded: bytes) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
