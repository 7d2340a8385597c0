"""Values that a new deployment still has to fill in, apart from those that are wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from herald.providers.examples import PLACEHOLDER_BEGIN, PLACEHOLDER_END


def unfilled(part: Any, *path: str) -> Iterator[str]:
    """Name each placeholder in a TOML document, with its path and what belongs there."""
    if isinstance(part, str) and part.startswith(PLACEHOLDER_BEGIN):
        what = part.removeprefix(PLACEHOLDER_BEGIN).removesuffix(PLACEHOLDER_END)
        yield f"{'.'.join(path)}: still to be filled in: {what}"
    elif isinstance(part, Mapping):
        for name, inner in part.items():
            yield from unfilled(inner, *path, str(name))
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            yield from unfilled(inner, *path, str(index))


def unfilled_secrets(document: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Name each placeholder in the secrets files that a `herald.toml` in `folder` names.

    A file that can't be read is left to whoever needs it.
    """
    for name, account in document.get("accounts", {}).items():
        file = account.get("secrets_file") if isinstance(account, Mapping) else None
        try:
            secrets = tomllib.loads((folder / file).read_text()) if isinstance(file, str) else {}
        except (OSError, ValueError):
            continue
        yield from unfilled(secrets, "accounts", name, "secrets_file")
