"""Texts of templates in files beside herald.toml: `templates/<name>/<locale>[.<channel>].<ending>`.

Those of an earlier version stand in `templates/<name>/<version>/`. Endings are `txt` (text), `html`
and `subject`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = "templates"
FORM = "<name>/[<version>/]<locale>[.<channel>].txt|html|subject"
_LARGEST = 400_000  # bytes of one file
_PARTS = {"txt": "text", "html": "html", "subject": "subject"}
_NAME = re.compile(
    r"(?P<locale>[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*)"
    r"(?:\.(?P<channel>[a-z][a-z0-9-]{0,31}))?\.(?P<ending>txt|html|subject)"
)


def add_template_files(document: dict[str, Any], folder: Path) -> list[str]:
    """Put the texts of files into a configuration as it was read; return what is wrong."""
    if not folder.is_dir():
        return []
    problems: list[str] = []
    templates = document.get("templates")
    for path in _files(folder):
        where = f"{FOLDER}/{path.relative_to(folder)}"
        try:
            _add(templates if isinstance(templates, dict) else {}, path, folder)
        except _FileProblemError as error:
            problems.append(f"{where}: {error}")
    return problems


class _FileProblemError(Exception):
    pass


def _files(folder: Path) -> Iterator[Path]:
    """Return the files; what an editor or Kubernetes hides behind a dot is left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _add(templates: dict[str, Any], path: Path, folder: Path) -> None:
    *names, file = path.relative_to(folder).parts
    found = _NAME.fullmatch(file)
    if found is None or not 1 <= len(names) <= 2:  # noqa: PLR2004  a name, and a version
        raise _FileProblemError(f"not named {FORM}")
    name, version = names[0], names[1:]
    template = templates.get(name)
    if not isinstance(template, dict):
        raise _FileProblemError(f"no [templates.{name}] in herald.toml")
    if version and version[0] != str(template.get("version", 1)):
        template = _inner(_inner(template, "earlier"), version[0])
    texts = _inner(_inner(template, "locales"), found["locale"])
    if found["channel"] is not None:
        texts = _inner(_inner(texts, "overrides"), found["channel"])
    part = _PARTS[found["ending"]]
    if part in texts:
        raise _FileProblemError(f"herald.toml has this {part}, too")
    texts[part] = _read(path).rstrip("\n")


def _inner(table: dict[str, Any], key: str) -> dict[str, Any]:
    inner = table.setdefault(key, {})
    if not isinstance(inner, dict):
        raise _FileProblemError(f"{key} in herald.toml is no table")
    return inner


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise _FileProblemError(f"over {_LARGEST:,} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise _FileProblemError(str(error.strerror)) from None
    except UnicodeDecodeError:
        raise _FileProblemError("not UTF-8") from None
