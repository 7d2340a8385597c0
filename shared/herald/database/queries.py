"""Named SQL: a `.sql` file holds queries, each under `-- name: <name>` and a sentence on it."""

from __future__ import annotations

import re
from importlib.resources import files

_HEADING = re.compile(r"^-- name: ([a-z_]+)\s*$", re.MULTILINE)


def load_queries(package: str, filename: str = "queries.sql") -> dict[str, str]:
    """Return the queries of `filename` beside `package`, by name.

    Raises:
        ValueError: a name stands twice, or a query lacks its describing comment.
    """
    text = files(package).joinpath(filename).read_text()
    return read_queries(text, f"{package}/{filename}")


def read_queries(text: str, source: str) -> dict[str, str]:
    """Return the queries of a file's text, by name; `source` names the file in errors.

    Raises:
        ValueError: a name stands twice, or a query lacks its describing comment.
    """
    parts = _HEADING.split(text)
    queries: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in queries:
            raise ValueError(f"{source}: {name} stands twice")
        if not body.lstrip().startswith("--"):
            raise ValueError(f"{source}: {name} has no description")
        queries[name] = body.strip()
    return queries
