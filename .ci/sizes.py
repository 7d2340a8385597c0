#!/usr/bin/env python3
"""Fail when a file or a function has grown too long to be read at once."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("shared", "services", "deploy", "tests", ".ci")
LONGEST_FILE = 300
LONGEST_FUNCTION = 50


def offences(path: Path) -> Iterator[str]:
    """Say what is too long in one file."""
    text = path.read_text()
    lines = len(text.splitlines())
    if lines > LONGEST_FILE:
        yield f"{path}: {lines} lines, at most {LONGEST_FILE}"
    for node in ast.walk(ast.parse(text, str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                place = f"{path}:{node.lineno}: {node.name}"
                yield f"{place}: {length} lines, at most {LONGEST_FUNCTION}"


def main() -> int:
    files = [path for folder in FOLDERS for path in sorted(Path(folder).rglob("*.py"))]
    found = [offence for path in files for offence in offences(path)]
    for offence in found:
        print(offence)  # noqa: T201  a check talks to the terminal
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
