"""What a file is called for its recipient: a name alone, never a path. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote

from herald.files.types import ending_of, usual_ending

LONGEST = 150  # characters; file systems take 255 bytes
_PATH = re.compile(r"[/\\]")
# control characters, and those that turn the direction of a text: "gpj.exe" shown as "exe.jpg"
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def file_name(wanted: str | None, path: str, content_type: str) -> str:
    """Return the name of a file: the wanted one, else the last part of its link's path."""
    name = _plain(wanted or "") or _plain(unquote(path)) or "file"
    if not ending_of(name):
        name += usual_ending(content_type)
    return name


def _plain(name: str) -> str:
    last = _PATH.split(_UNSEEN.sub("", name))[-1].strip().lstrip(".").strip()
    if len(last) <= LONGEST:
        return last
    ending = ending_of(last)[:12]
    return last[: LONGEST - len(ending)] + ending
