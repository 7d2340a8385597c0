"""Reading `herald.toml` and the secrets files it names: every error at once, each with its path."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_core import to_json

from herald.config.file import HeraldFile
from herald.config.masking import read_key_bytes, read_masking_key
from herald.config.placeholders import unfilled, unfilled_secrets
from herald.config.template_files import FOLDER, add_template_files
from herald.config.validation_messages import describe
from herald.contracts.masking import MaskingKey, set_masking_key
from herald.contracts.unsubscribe import UnsubscribeKeys
from herald.egress.configuration import Member
from herald.providers.account import PROFILE_FOLDER, Account, Secrets
from herald.providers.credentials import Credentials, CredentialsError
from herald.service.secret_files import SecretFileError, read_secret_file
from herald.service.starting import exit_not_started

_MEMBERS = "egress.members"


class ConfigurationError(Exception):
    """The configuration can't be used; `problems` holds one line for each error found."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        self.lines = [f"{path}: {problem}" for problem in problems]
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True, slots=True)
class Configuration:
    """`herald.toml`, read and checked."""

    path: Path
    file: HeraldFile

    def accounts_of(self, channel: str) -> dict[str, Account]:
        """Return the accounts that serve `channel`, by name, in the file's order."""
        return {
            name: account
            for name, account in self.file.accounts.items()
            if account.channel == channel
        }

    def secrets_for(self, names: list[str]) -> dict[str, Secrets]:
        """Read the secrets of the accounts `names`; a service reads only those it uses.

        Raises:
            ConfigurationError: a file can't be read or lacks something.
        """
        return self._all_secrets("accounts", {name: self.file.accounts[name] for name in names})

    def credentials_for(self, names: Iterable[str]) -> dict[str, Credentials[Any]]:
        """Read the secrets of the accounts `names`, each with the way to read it again.

        Raises:
            ConfigurationError: a file can't be read or lacks something.
        """
        return {
            name: Credentials(
                secrets, partial(self._read_again, "accounts", name, self.file.accounts[name])
            )
            for name, secrets in self.secrets_for(list(names)).items()
        }

    def proxy_credentials_for(self, names: Iterable[str]) -> dict[str, Credentials[Any]]:
        """Read the secrets of the egress members `names`, each with the way to read it again.

        Raises:
            ConfigurationError: a file can't be read or lacks something.
        """
        members = {name: self.file.egress.members[name] for name in names}
        return {
            name: Credentials(secrets, partial(self._read_again, _MEMBERS, name, members[name]))
            for name, secrets in self._all_secrets(_MEMBERS, members).items()
        }

    def _all_secrets(self, table: str, parts: Mapping[str, Account | Member]) -> dict[str, Secrets]:
        secrets: dict[str, Secrets] = {}
        problems: list[str] = []
        for name, part in parts.items():
            try:
                secrets[name] = self._secrets(part)
            except _SecretsProblemError as error:
                problems += [f"{table}.{name}.{line}" for line in error.lines]
        if problems:
            raise ConfigurationError(self.path, problems)
        return secrets

    def _read_again(self, table: str, name: str, part: Account | Member) -> Secrets:
        try:
            return self._secrets(part)
        except _SecretsProblemError as error:
            lines = (f"{table}.{name}.{line}" for line in error.lines)
            raise CredentialsError("; ".join(lines)) from None

    def read_secret_file(self, path: Path) -> bytes:
        """Return what a file of secrets holds, as `[secrets]` allows.

        Raises:
            SecretFileError: it can't be read, or is open to others.
        """
        return read_secret_file(path, allow_open=self.file.secrets.allow_open_files)

    def masking_key(self) -> MaskingKey:
        """Read the key that addresses are masked and hashed with.

        Raises:
            ConfigurationError: there is none that can be used; it says how to write one.
        """
        return self._masking_key("key_file", self.file.masking.key_file)

    def earlier_masking_keys(self) -> list[MaskingKey]:
        """Read the keys before it, with which some suppressions are hashed.

        Raises:
            ConfigurationError: one can't be used.
        """
        return [
            self._masking_key(f"earlier_key_files.{index}", name)
            for index, name in enumerate(self.file.masking.earlier_key_files)
        ]

    def unsubscribe_keys(self) -> UnsubscribeKeys | None:
        """Read the keys of unsubscribe links; None: mails have no such links.

        Raises:
            ConfigurationError: one can't be used.
        """
        names, open_ok = self.file.unsubscribe.key_files, self.file.secrets.allow_open_files
        secrets = []
        for index, name in enumerate(names):
            try:
                secrets.append(read_key_bytes(self.path.parent / name, allow_open=open_ok))
                UnsubscribeKeys(secrets[-1:])
            except (SecretFileError, ValueError) as error:
                problem = f"unsubscribe.key_files.{index}: {error}"
                raise ConfigurationError(self.path, [problem]) from None
        return UnsubscribeKeys(secrets) if secrets else None

    def _masking_key(self, field: str, name: str) -> MaskingKey:
        try:
            return read_masking_key(
                self.path.parent / name, allow_open=self.file.secrets.allow_open_files
            )
        except SecretFileError as error:
            raise ConfigurationError(self.path, [f"masking.{field}: {error}"]) from None

    def _secrets(self, part: Account | Member) -> Secrets:
        if part.secrets_file is None:
            content: dict[str, Any] = {}
        else:
            path = self.path.parent / part.secrets_file
            try:
                content = tomllib.loads(self.read_secret_file(path).decode())
            except SecretFileError as error:
                raise _SecretsProblemError([f"secrets_file: {error}"]) from None
            except ValueError:
                # the parser's text may quote the line, and with it a secret
                raise _SecretsProblemError([f"secrets_file: not TOML: {path}"]) from None
        if missing := list(unfilled(content, "secrets_file")):
            raise _SecretsProblemError(missing)
        try:
            secrets = part.secrets_model.model_validate(content)
        except ValidationError as error:
            lines = [f"secrets_file: {line}" for line in describe(error)]
            raise _SecretsProblemError(lines) from None
        if wrong := list(part.secrets_problems(secrets)):
            raise _SecretsProblemError([f"secrets_file: {line}" for line in wrong])
        return secrets


class _SecretsProblemError(Exception):
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__()


def load_configuration(path: Path) -> Configuration:
    """Read `herald.toml` at `path`.

    Raises:
        ConfigurationError: with every error in it.
    """
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(path, [str(error.strerror)]) from None
    except ValueError as error:
        raise ConfigurationError(path, [f"not TOML: {error}"]) from None
    if wrong := add_template_files(document, path.parent / FOLDER):
        raise ConfigurationError(path, wrong)
    if missing := list(unfilled(document)):
        raise ConfigurationError(path, [*missing, *unfilled_secrets(document, path.parent)])
    try:
        # by way of JSON, so that routes are read by the same strict rules as in commands
        file = HeraldFile.model_validate_json(
            to_json(document), context={PROFILE_FOLDER: path.parent}
        )
    except ValidationError as error:
        raise ConfigurationError(path, describe(error)) from None
    return Configuration(path, file)


def load_or_exit(path: Path) -> Configuration:
    """Read the configuration for a service, and set the masking key of its process.

    What is wrong is logged, and the exit is 2.
    """
    try:
        configuration = load_configuration(path)
        set_masking_key(configuration.masking_key(), configuration.earlier_masking_keys())
    except ConfigurationError as error:
        exit_with(error)
    return configuration


def exit_with(error: ConfigurationError) -> NoReturn:
    """Say every error of the configuration in the last log line, and exit with 2."""
    exit_not_started(error.lines)
