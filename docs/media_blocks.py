"""The table of what may go wrong with files."""

from __future__ import annotations

from herald.contracts.content.file_rules import FILE_RULES, KIBIBYTE, MEBIBYTE
from herald.files.failures import OF_CONTENT, OF_THE_WAY
from tables import table


def file_rules() -> str:
    """Return which files channels take as a table."""
    rows = [
        [f"`{channel}`", kind, _size(rule.largest), ", ".join(rule.types) or "any"]
        for channel, files in FILE_RULES.items()
        for kind, rule in files.kinds.items()
    ]
    return table(("channel", "kind", "at most", "types"), rows)


def _size(size: int) -> str:
    return f"{size // MEBIBYTE} MiB" if size >= MEBIBYTE else f"{size // KIBIBYTE} KiB"


def fetch_failures() -> str:
    """Return why a file can't be fetched as a table."""
    rows = [[f"`{code}`", "`content`", meaning] for code, meaning in OF_CONTENT.items()]
    rows += [
        ["`media_http_<status>`", "`content`", "its server answers with another status than 200"],
        ["`media_http_<status>`", "`transient`", "that is 408, 425, 429 or 500 and above"],
    ]
    rows += [[f"`{code}`", "`transient`", meaning] for code, meaning in OF_THE_WAY.items()]
    return table(("code", "class", "the file"), rows)
