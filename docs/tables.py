"""Tables of Markdown."""

from __future__ import annotations


def table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    """Write a table; a `|` in a cell is escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
