"""A password as PostgreSQL keeps it: the server, and so its logs, never get it in clear."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

_ITERATIONS = 4096  # PostgreSQL's own default (scram_iterations)
_SALT_BYTES = 16


def verifier(password: str) -> str:
    """Return what `CREATE ROLE ... PASSWORD` takes instead of the password (RFC 5803's form).

    Raises:
        ValueError: it has other characters than printable ASCII: clients prepare those each in
            their own way.
    """
    if not (password.isascii() and password.isprintable()):
        raise ValueError("a password may have printable ASCII characters alone")
    salt = os.urandom(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored_key = hashlib.sha256(_keyed(salted, b"Client Key")).digest()
    server_key = _keyed(salted, b"Server Key")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def _keyed(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
