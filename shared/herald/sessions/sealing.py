"""Sealing what is kept in the database: AES-256-GCM, under keys that can be changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

KEY_BYTES = 32
_NONCE_BYTES = 12  # random ones: NIST SP 800-38D allows 2**32 seals a key, a session makes 24 a day


class UnreadableError(Exception):
    """What is sealed can't be opened; the text names the key and shows neither it nor the rest."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A nonce and what it sealed."""

    key_id: str
    data: bytes = field(repr=False)


class SealingKeys:
    """Keys by id: the first one seals, each of them opens."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take keys of 32 random bytes.

        Raises:
            ValueError: there is none, or one is of another length.
        """
        if not keys:
            raise ValueError("has no key")
        for name, key in keys.items():
            if len(key) != KEY_BYTES:
                raise ValueError(f"key {name} has {len(key)} bytes, {KEY_BYTES} are needed")
        # 10 MB that only accounts with sessions need
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self.ids = tuple(keys)

    @property
    def sealing_id(self) -> str:
        """The id of the key that seals."""
        return self.ids[0]

    def seal(self, plain: bytes, bound_to: bytes) -> Sealed:
        """Seal `plain`; it opens only with the same `bound_to`."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self.sealing_id]
        return Sealed(self.sealing_id, nonce + cipher.encrypt(nonce, plain, bound_to))

    def open(self, sealed: Sealed, bound_to: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            UnreadableError: its key is not here or differs, or it is not what was sealed there.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  see above

        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise UnreadableError(f"key {sealed.key_id} is not in the keys file")
        nonce, data = sealed.data[:_NONCE_BYTES], sealed.data[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, data, bound_to)
        except (InvalidTag, ValueError):
            text = f"key {sealed.key_id} does not open it: another key has that id, or it was moved"
            raise UnreadableError(text) from None
