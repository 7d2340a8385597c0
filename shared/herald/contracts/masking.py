"""Hashes and masks of addresses, made with the deployment's key. Pure.

A number has so few digits that a plain hash of it is found by trying them all; without the key
nobody can try. Each process sets its key once, at its start.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from functools import lru_cache

from herald.contracts.number_forms import number_forms

SHORTEST_KEY_BYTES = 32
_HASH_BYTES = 8  # 64 bits: a bigint
_ALL_BITS = (1 << 8 * _HASH_BYTES) - 1
_FINGERPRINT_BYTES = 16
_NAME_BYTES = 4
_REMEMBERED = 512  # hashes: an address is hashed several times while its message is handled
_FINGERPRINT_OF = b"fingerprint of a masking key"  # no address holds a blank

# Without the + it is a number only if nothing but digits stands there: `10.1.2.3` is none.
_NUMBER = re.compile(r"\+[0-9() ./-]*[0-9][0-9() ./-]*")
_NO_DIGITS = re.compile(r"[^0-9]+")
# Two characters of an address that is no e-mail, then its hash; or an e-mail's hash, and its
# domain after it.
MASK = r"…(?:[^\s#]{2}#[0-9a-f]{16}(?![0-9a-f])|[0-9a-f]{16}(?=@))"
_MASK = re.compile(MASK)


class NoMaskingKeyError(Exception):
    """A hash was asked of a process that was given no key: `set_masking_key` comes first."""

    def __init__(self) -> None:
        super().__init__("no masking key is set in this process")


class MaskingKey:
    """The secret under which a deployment hashes addresses. It is never shown."""

    def __init__(self, secret: bytes) -> None:
        """Take a secret of at least 32 random bytes.

        Raises:
            ValueError: it is shorter.
        """
        if len(secret) < SHORTEST_KEY_BYTES:
            raise ValueError(f"has {len(secret)} bytes, at least {SHORTEST_KEY_BYTES} are needed")
        self._keyed = hmac.new(secret, digestmod="sha256")  # copied for each hash
        self._hash = lru_cache(_REMEMBERED)(self._compute_hash)
        digest = self._digest(_FINGERPRINT_OF)
        self.fingerprint = digest[:_FINGERPRINT_BYTES]  # identifies the key, reveals nothing

    def hash(self, address: str) -> int:
        """Hash an address to 64 bits with a sign, as a bigint of PostgreSQL.

        HMAC-SHA256 of the address in one form, its first eight bytes, the highest first.
        """
        return self._hash(address)

    def _compute_hash(self, address: str) -> int:
        digest = self._digest(one_form(address).encode())
        return int.from_bytes(digest[:_HASH_BYTES], "big", signed=True)

    def hashes(self, addresses: Iterable[str]) -> tuple[int, ...]:
        """Hash addresses, each once, in their order."""
        return tuple(dict.fromkeys(map(self.hash, dict.fromkeys(addresses))))

    def _digest(self, words: bytes) -> bytes:
        mac = self._keyed.copy()
        mac.update(words)
        return mac.digest()

    @property
    def name(self) -> bytes:
        """Names the key beside hashes that are kept for longer than the key is: four bytes."""
        return self.fingerprint[:_NAME_BYTES]


_current: MaskingKey | None = None
_earlier: tuple[MaskingKey, ...] = ()


def set_masking_key(key: MaskingKey | None, earlier: Iterable[MaskingKey] = ()) -> None:
    """Set this process's key; None takes it away.

    `earlier`: keys before it, under which some hashes can't be made anew.
    """
    global _current, _earlier
    _current, _earlier = key, tuple(earlier)


def masking_key() -> MaskingKey:
    """Return this process's key.

    Raises:
        NoMaskingKeyError: none is set.
    """
    if _current is None:
        raise NoMaskingKeyError
    return _current


def address_hash(address: str) -> int:
    """Hash an address under this process's key, as the database keeps it.

    Raises:
        NoMaskingKeyError: none is set.
    """
    return masking_key().hash(address)


def all_address_hashes(address: str) -> tuple[int, ...]:
    """Hash an address in each of its forms, under this process's key and each of the earlier ones.

    As it is and under the key of now comes first.

    Raises:
        NoMaskingKeyError: none is set.
    """
    keys, forms = (masking_key(), *_earlier), number_forms(address)
    return tuple(dict.fromkeys(key.hash(form) for key in keys for form in forms))


def all_key_names() -> list[bytes]:
    """Name this process's key, and the earlier ones.

    Raises:
        NoMaskingKeyError: none is set.
    """
    return [key.name for key in (masking_key(), *_earlier)]


def shown_hash(number: int) -> str:
    """Show a hash as masks do: 16 hexadecimal digits."""
    return f"{number & _ALL_BITS:016x}"


def hash_of_mask(mask: str) -> int | None:
    """Return the hash that a mask shows, as `address_hash` does; None: it is no mask."""
    match = _MASK.match(mask)
    if match is None:
        return None
    return int.from_bytes(bytes.fromhex(match[0][-2 * _HASH_BYTES :]), "big", signed=True)


def one_form(address: str) -> str:
    """Write an address as it is hashed, so that each way of writing it has one hash.

    A number with + is its digits alone, as WhatsApp has it; an e-mail address is in lower case;
    anything else, such as Meta's id of a user, stays as it is.
    """
    if "@" in address:
        return address.lower()
    digits = address.removeprefix("+")
    if digits != address and digits.isascii() and digits.isdecimal():
        return digits  # mostly so
    return _NO_DIGITS.sub("", address) if _NUMBER.fullmatch(address) else address


def masked(address: str) -> str:
    """Show an address in logs and answers: enough to follow one, never enough to use it.

    A number keeps its last two digits, an e-mail its domain; both carry the 16 hexadecimal digits
    of their hash: `…22#0123456789abcdef`, `…0123456789abcdef@example.com`. A process without a
    key, such as a client's, shows no hash.
    """
    shown = "" if _current is None else shown_hash(_current.hash(address))
    if "@" in address:
        return f"…{shown}@{address.rpartition('@')[2]}"
    ending = f"…{one_form(address)[-2:]}"
    return f"{ending}#{shown}" if shown else ending
