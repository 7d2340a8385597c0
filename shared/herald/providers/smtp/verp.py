"""Envelope senders that name the attempt, so that a bounce comes back with it (VERP). Pure.

`bounces+<id>-<step>-<try><lane>-<mac>@bounces.example.com`: the message's id without its dashes,
and ten hexadecimal digits of an HMAC-SHA256 by which a made-up one is known. A local part has 64
characters at most (RFC 5321, 4.5.3.1.1), and some systems write it in lower case.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from hashlib import sha256

LONGEST_LOCAL = 12  # of the address in the configuration: what is left of 64
_MAC_DIGITS = 10
_PARTS = re.compile(
    r"[^@]+\+([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})"
    r"-([0-9]{1,2})-([0-9]{1,2})([ub]?)-([0-9a-f]{10})@[^@]+",
    re.IGNORECASE,
)
_TAG = re.compile(r"([0-9a-f-]{36})\.([0-9]{1,2})\.([0-9]{1,2})(?:\.([ub]))?")


def bounce_address(address: str, tag: str, key: bytes) -> str:
    """Return the envelope sender for an attempt; `address` is the one in the configuration."""
    match = _TAG.fullmatch(tag)
    if match is None:
        return address
    message, step, number, lane = match.groups()
    local, _, domain = address.rpartition("@")
    name = f"{message.replace('-', '')}-{step}-{number}{lane or ''}"
    return f"{local}+{name}-{_mac(tag, key)}@{domain}"


def is_bounce_address(address: str) -> bool:
    """Whether an address has the form of one of ours, made up or not."""
    return _PARTS.fullmatch(address) is not None


def tag_of(address: str, keys: Iterable[bytes]) -> str | None:
    """Return the attempt, with its lane, that an address names; None where no key made it."""
    match = _PARTS.fullmatch(address.lower())
    if match is None:
        return None
    *uuid, step, number, lane, mac = match.groups()
    tag = ".".join(filter(None, ("-".join(uuid), step, number, lane)))
    found = False
    for key in keys:
        found |= hmac.compare_digest(_mac(tag, key).encode(), mac.encode())
    return tag if found else None


def _mac(tag: str, key: bytes) -> str:
    return hmac.new(key, b"verp\0" + tag.encode(), sha256).hexdigest()[:_MAC_DIGITS]
