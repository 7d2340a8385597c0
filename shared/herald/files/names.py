"""What a fetched file is called for its recipient: a name alone, never a path. Pure."""

from __future__ import annotations

from urllib.parse import unquote

from herald.contracts.file_names import NAMELESS, safe_file_name
from herald.files.types import ending_of, usual_ending


def file_name(wanted: str | None, path: str, content_type: str) -> str:
    """Return the name of a file: the wanted one, else the last part of its link's path.

    One without an ending gets that of its type.
    """
    name = safe_file_name(wanted)
    if name == NAMELESS:
        name = safe_file_name(unquote(path))
    return name if ending_of(name) else name + usual_ending(content_type)
