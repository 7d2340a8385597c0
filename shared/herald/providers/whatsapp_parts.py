"""Parts that several kinds of WhatsApp messages have: files and places. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from herald.contracts.content import Media
from herald.contracts.content.rich import Location

Part = dict[str, Any]
Uploaded = Mapping[str, str]  # Meta's ids of files that it holds, by their URL


def write_file(media: Media, uploads: Uploaded) -> Part:
    """Name a file: by Meta's id of it, else by link; only a document has a name."""
    uploaded = uploads.get(media.url)
    part: Part = {"link": media.url} if uploaded is None else {"id": uploaded}
    if media.filename and media.kind == "document":
        part["filename"] = media.filename
    return part


def write_location(location: Location) -> Part:
    """Write a place."""
    return location.model_dump(exclude_none=True)
