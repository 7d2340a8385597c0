"""Passwords of users and roles, each in a file that is named as its user."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from herald.service.secret_files import SecretFileError, read_secret_file


def read_passwords(
    folder: Path, names: Iterable[str], *, allow_open: bool = False
) -> dict[str, str]:
    """Return the passwords of those names that have a file in `folder`; a line's end is none of it.

    Raises:
        SecretFileError: `folder` is none, or a file is empty, unreadable or open to others.
    """
    if not folder.is_dir():
        raise SecretFileError(f"no such folder: {folder}")
    passwords: dict[str, str] = {}
    for name in names:
        file = folder / name
        # a name with a slash would lead out of the folder
        if file.parent == folder and file.is_file():
            passwords[name] = _read(file, allow_open=allow_open)
    return passwords


def _read(file: Path, *, allow_open: bool) -> str:
    try:
        password = read_secret_file(file, allow_open=allow_open).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretFileError(f"{file}: not UTF-8") from None
    if not password:
        raise SecretFileError(f"{file}: it is empty")
    return password
