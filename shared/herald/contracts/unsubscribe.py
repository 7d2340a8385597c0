"""Links by which a recipient unsubscribes: what one says, signed, and without an address. Pure.

A link must work for as long as somebody keeps the mail. So it names the recipient by the hash that
suppressions have: message and address may be gone from the database by then.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from herald.contracts.identifiers import AttemptId

SHORTEST_KEY_BYTES = 32
PATH = "/unsubscribe"
ONE_CLICK = "List-Unsubscribe=One-Click"  # RFC 8058, 3.1: what a mail program posts
LONGEST_TOKEN = 200

_VERSION = 1
_MAC_BYTES = 16
_HASH_BYTES = 8
_KEY_NAME_BYTES = 4
_ID_BYTES = 16
_FIXED_BYTES = 1 + _ID_BYTES + 2 + _HASH_BYTES + _KEY_NAME_BYTES
_PURPOSE = b"herald unsubscribe link\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeLink:
    """Who unsubscribes from what, and by which attempt's mail."""

    tenant: str
    channel: str
    attempt: AttemptId
    address_hash: int
    hashed_with: bytes  # names the masking key of the hash


class UnsubscribeKeys:
    """The secrets that links are signed with: the first one signs, every one is good."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """Take secrets of at least 32 random bytes.

        Raises:
            ValueError: there is none, or one is shorter.
        """
        if not secrets or any(len(secret) < SHORTEST_KEY_BYTES for secret in secrets):
            raise ValueError(f"needs keys of at least {SHORTEST_KEY_BYTES} bytes")
        self._secrets = tuple(secrets)

    def sign(self, link: UnsubscribeLink) -> str:
        """Write a link's token, for the end of its path."""
        attempt = link.attempt
        payload = b"".join(
            (
                bytes((_VERSION,)),
                attempt.message_id.bytes,
                bytes((attempt.step, attempt.number)),
                link.address_hash.to_bytes(_HASH_BYTES, "big", signed=True),
                link.hashed_with,
                f"{link.tenant}/{link.channel}".encode(),
            )
        )
        mac = _mac(self._secrets[0], payload)
        return base64.urlsafe_b64encode(mac + payload).rstrip(b"=").decode()

    def read(self, token: str) -> UnsubscribeLink | None:
        """Read a token; None when it is not one that we signed."""
        if not token.isascii() or not 0 < len(token) <= LONGEST_TOKEN:
            return None
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (ValueError, binascii.Error):
            return None
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        # every key is tried, so that the time says nothing of which
        is_ours = [hmac.compare_digest(mac, _mac(secret, payload)) for secret in self._secrets]
        return _read(payload) if any(is_ours) else None


def _mac(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, _PURPOSE + payload, "sha256")[:_MAC_BYTES]


def _read(payload: bytes) -> UnsubscribeLink | None:
    if len(payload) <= _FIXED_BYTES or payload[0] != _VERSION:
        return None
    message_id, step, number = payload[1:17], payload[17], payload[18]
    address_hash, hashed_with = payload[19:27], payload[27:31]
    tenant, _, channel = payload[_FIXED_BYTES:].decode().partition("/")
    return UnsubscribeLink(
        tenant=tenant,
        channel=channel,
        attempt=AttemptId(UUID(bytes=message_id), step, number),
        address_hash=int.from_bytes(address_hash, "big", signed=True),
        hashed_with=hashed_with,
    )
