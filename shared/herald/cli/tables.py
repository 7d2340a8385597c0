"""The look of every table that the command line prints."""

from __future__ import annotations

from rich.table import Table


def plain_table(*columns: str) -> Table:
    """Make a table without lines, whose last column alone may be folded."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column != columns[-1], overflow="fold")
    return table
