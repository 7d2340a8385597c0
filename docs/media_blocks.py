"""The table of what may go wrong with files."""

from __future__ import annotations

from herald.files.failures import OF_CONTENT, OF_THE_WAY
from tables import table


def fetch_failures() -> str:
    """Return why a file can't be fetched as a table."""
    rows = [[f"`{code}`", "`content`", meaning] for code, meaning in OF_CONTENT.items()]
    rows += [
        ["`media_http_<status>`", "`content`", "its server answers with another status than 200"],
        ["`media_http_<status>`", "`transient`", "that is 408, 425, 429 or 500 and above"],
    ]
    rows += [[f"`{code}`", "`transient`", meaning] for code, meaning in OF_THE_WAY.items()]
    return table(("code", "class", "the file"), rows)
