"""The file that holds the masking key."""

from __future__ import annotations

import base64
import os
import secrets
import shlex
from pathlib import Path

from herald.contracts.masking import SHORTEST_KEY_BYTES, MaskingKey
from herald.service.secret_files import SecretFileError, read_secret_file


def read_masking_key(path: Path, *, allow_open: bool = False) -> MaskingKey:
    """Read a key: random bytes, written as hexadecimal digits or base64.

    Raises:
        SecretFileError: there is no file, others may read it, or it holds no key. The text says
            how to write one, and shows nothing of the file.
    """
    if not path.exists():
        raise SecretFileError(f"no such file: {path}; {_how_to_write(path)}")
    content = read_secret_file(path, allow_open=allow_open).strip()
    try:
        return MaskingKey(_decoded(content))
    except ValueError as error:
        # raised by us, or of the decoder's fixed words: neither repeats the content
        raise SecretFileError(f"{path}: {error}; {_how_to_write(path)}") from None


def read_key_bytes(path: Path, *, allow_open: bool = False) -> bytes:
    """Read random bytes, written as hexadecimal digits or base64.

    Raises:
        SecretFileError: there is no file, others may read it, or it holds neither.
    """
    if not path.exists():
        raise SecretFileError(f"no such file: {path}; {_how_to_write(path)}")
    try:
        return _decoded(read_secret_file(path, allow_open=allow_open).strip())
    except ValueError as error:
        raise SecretFileError(f"{path}: {error}; {_how_to_write(path)}") from None


def write_masking_key(path: Path) -> None:
    """Write a new key for its owner's eyes alone.

    Raises:
        FileExistsError: there is a file, which stays as it is: another key finds nothing any more.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as opened:
        opened.write(secrets.token_hex(SHORTEST_KEY_BYTES) + "\n")


def _decoded(content: bytes) -> bytes:
    """Read hexadecimal digits, else base64."""
    try:
        return bytes.fromhex(content.decode("ascii"))
    except ValueError:
        pass
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except ValueError:
        raise ValueError("is neither hexadecimal digits nor base64") from None


def _how_to_write(path: Path) -> str:
    quoted = shlex.quote(str(path))
    return f"write one with: (umask 077; head -c 32 /dev/urandom | base64 > {quoted})"
