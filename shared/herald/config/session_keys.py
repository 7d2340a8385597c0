"""The file that holds the keys of sessions."""

from __future__ import annotations

import os
import secrets
import tomllib
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError

from herald.config.loading import Configuration, ConfigurationError
from herald.config.validation_messages import describe
from herald.service.secret_files import SecretFileError, read_secret_file
from herald.sessions.key_ring import KeyRing, KeysFileError
from herald.sessions.sealing import KEY_BYTES, SealingKeys

_HEAD = """\
# The keys that seal providers' sessions in the database: the first one seals, each of them opens.
# `herald sessions rotate-keys` changes them; without its key a session begins anew.
"""


class _KeyEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    key: SecretStr  # 32 random bytes as hexadecimal digits


class _KeysFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: tuple[_KeyEntry, ...] = Field(min_length=1)


def session_keys_path(configuration: Configuration) -> Path:
    """Return where the keys are."""
    return configuration.path.parent / configuration.file.sessions.keys_file


def session_keys(configuration: Configuration) -> KeyRing:
    """Read the keys of sessions.

    Raises:
        ConfigurationError: they can't be used; it says how to write some.
    """
    read = partial(read_session_keys, allow_open=configuration.file.secrets.allow_open_files)
    try:
        return KeyRing(session_keys_path(configuration), read)
    except KeysFileError as error:
        raise ConfigurationError(configuration.path, [f"sessions.keys_file: {error}"]) from None


def read_session_keys(path: Path, *, allow_open: bool = False) -> SealingKeys:
    """Read the keys of a file.

    Raises:
        KeysFileError: it can't be read, or holds no keys that can be used.
    """
    if not path.exists():
        raise KeysFileError(f"no such file: {path}; `herald sessions rotate-keys --new` writes one")
    try:
        document = tomllib.loads(read_secret_file(path, allow_open=allow_open).decode())
        entries = _KeysFile.model_validate(document).keys
        keys = {entry.id: _decoded(entry) for entry in entries}
        if len(keys) < len(entries):
            raise KeysFileError(f"{path}: an id stands twice")
        return SealingKeys(keys)
    except SecretFileError as error:
        raise KeysFileError(str(error)) from None
    except ValidationError as error:
        raise KeysFileError(f"{path}: {'; '.join(describe(error))}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise KeysFileError(f"{path}: not TOML") from None  # the parser's text may quote a key
    except ValueError as error:
        raise KeysFileError(f"{path}: {error}") from None


def write_session_keys(path: Path) -> str:
    """Write a first key, or put a new one before those that are there; return its id.

    Raises:
        KeysFileError: what is there can't be used.
        OSError: the file can't be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = ""
    taken: tuple[str, ...] = ()
    if path.exists():
        taken = read_session_keys(path).ids
        before = path.read_text().removeprefix(_HEAD)
    name = _new_id(taken)
    entry = f'\n[[keys]]\nid = "{name}"\nkey = "{secrets.token_hex(KEY_BYTES)}"\n'
    written = path.with_name(f".{path.name}.new")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_HEAD + entry + before)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)  # whoever reads meanwhile reads one or the other
    return name


def _new_id(taken: tuple[str, ...]) -> str:
    today = date.today().isoformat()  # noqa: DTZ011  a name
    names = (today, *(f"{today}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _decoded(entry: _KeyEntry) -> bytes:
    try:
        return bytes.fromhex(entry.key.get_secret_value())
    except ValueError:
        raise ValueError(f"key {entry.id} is not hexadecimal digits") from None
