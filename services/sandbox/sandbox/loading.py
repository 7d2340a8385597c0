"""Reads `sandbox.toml`: the sandbox's side of every account, as providers' consoles hold it."""

from __future__ import annotations

import os
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, ValidationError, create_model

from sandbox.registry import definitions
from sandbox.settings import SandboxFile


def load(path: Path) -> SandboxFile:
    """Read the configuration; `requests_file` is relative to it.

    Raises:
        ValueError: one line for each error, with its path in the file.
    """
    try:
        file = validated(tomllib.loads(path.read_text()))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise ValueError("\n".join(lines)) from None
    except tomllib.TOMLDecodeError:
        raise ValueError(f"{path}: not TOML") from None
    return file.model_copy(update={"requests_file": path.parent / file.requests_file})


def load_or_exit() -> SandboxFile:
    """Read the file that HERALD_SANDBOX_CONFIG names; print every error and exit with 2."""
    try:
        return load(Path(os.environ.get("HERALD_SANDBOX_CONFIG", "sandbox.toml")))
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201  there is no log yet
        raise SystemExit(2) from None


def validated(document: dict[str, Any]) -> SandboxFile:
    """Read a configuration; its providers' parts are attributes under their names.

    Raises:
        pydantic.ValidationError: with every error.
    """
    return _model().model_validate(document)


@cache
def _model() -> type[SandboxFile]:
    parts: dict[str, Any] = {
        definition.name: (
            definition.settings | None,
            Field(
                default=None,
                validation_alias=AliasChoices(definition.name, *definition.former_names),
            ),
        )
        for definition in definitions()
    }
    return create_model("SandboxFileOfProviders", __base__=SandboxFile, **parts)
