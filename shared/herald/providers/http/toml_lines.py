"""On which line of a TOML document a key stands: the reader of the standard library keeps none.

For messages to people only: what it can't place has no line. Pure.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

KeyPath = tuple[str | int, ...]
Lines = Mapping[KeyPath, int]

_LONGEST = 200  # lines that one statement may take


def lines_of(document: str) -> dict[KeyPath, int]:
    """Return the line of every key in a document that can be read."""
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    for number, statement in _statements(document):
        content = tomllib.loads(statement)
        path, value = _only(content) if statement.startswith("[") else ((), content)
        if statement.startswith("[["):
            path = path[:-1] if path and path[-1] == 0 else path
            counts[path] = counts.get(path, -1) + 1
            table = (*path, counts[path])
            found[table] = number
        elif statement.startswith("["):
            table = path
            found[table] = number
        else:
            for inner in _paths(value):
                found.setdefault((*table, *inner), number)
    return found


def line_of(lines: Lines, path: KeyPath) -> int | None:
    """Return the line of a path, or of the nearest one that it is part of."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _statements(document: str) -> Iterator[tuple[int, str]]:
    """Give every statement with the line that it begins on."""
    lines = document.splitlines()
    index = 0
    while index < len(lines):
        if not lines[index].strip() or lines[index].lstrip().startswith("#"):
            index += 1
            continue
        for end in range(index + 1, min(index + _LONGEST, len(lines)) + 1):
            statement = "\n".join(lines[index:end]).strip()
            if _is_whole(statement):
                yield index + 1, statement
                index = end
                break
        else:
            index += 1


def _is_whole(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except ValueError:
        return False
    return True


def _only(content: Any) -> tuple[KeyPath, Any]:
    """Follow the only key of a table's header down to what it opens."""
    path: list[str | int] = []
    while content and isinstance(content, dict | list):
        key: str | int = 0 if isinstance(content, list) else next(iter(content))
        path.append(key)
        content = content[key]  # type: ignore[index]  # a list's index, a table's key
    return tuple(path), content


def _paths(value: Any) -> Iterator[KeyPath]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (key,)
            yield from ((key, *deeper) for deeper in _paths(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (index,)
            yield from ((index, *deeper) for deeper in _paths(inner))
