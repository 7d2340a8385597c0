"""Names of files that people give: one name without a path, fit for every system. Pure."""

from __future__ import annotations

import re

LONGEST_BYTES = 150
NAMELESS = "file"
_SEPARATORS = re.compile(r"[/\\]")
# control characters, and those that turn the direction of writing, so that `exe` reads as `txt`
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_RESERVED = re.compile(r'[<>:"|?*]')  # by Windows


def has_path(name: str) -> bool:
    """Say whether a name is more than a name: it would lead into another folder."""
    return _SEPARATORS.search(name) is not None or name in {".", ".."}


def safe_file_name(name: str | None) -> str:
    """Make a name that can be shown, written into a header and saved anywhere.

    Of a path the last part is kept, of a long name the beginning and the ending.
    """
    last = _SEPARATORS.split(name or "")[-1]
    plain = _RESERVED.sub("_", _UNSEEN.sub("", last)).strip(". \t")
    if len(plain.encode()) <= LONGEST_BYTES:
        return plain or NAMELESS
    stem, dot, ending = plain.rpartition(".")
    ending = f".{ending}" if dot and len(ending.encode()) < LONGEST_BYTES // 4 else ""
    kept = (stem if ending else plain).encode()[: LONGEST_BYTES - len(ending.encode())]
    return kept.decode(errors="ignore").rstrip(". ") + ending
