"""What type a file is: by its first bytes where they say so, else by its server's word. Pure.

Source of the magic numbers: WHATWG "MIME Sniffing", section 6, and the formats' own documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from herald.contracts.content import Media

UNKNOWN = "application/octet-stream"
_SAYS_NOTHING = frozenset({"", UNKNOWN, "binary/octet-stream", "application/x-download"})
_HTML = ("<!doctype html", "<html", "<head", "<script", "<body")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")  # RFC 6838
_MARKUP = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class Magic:
    """First bytes and the type that they tell, or the types among which they can't tell."""

    at: int
    bytes: bytes
    type: str
    or_else: tuple[str, ...] = ()  # how a server's type begins that they don't contradict


MAGICS = (
    Magic(0, b"\xff\xd8\xff", "image/jpeg"),
    Magic(0, b"\x89PNG\r\n\x1a\n", "image/png"),
    Magic(0, b"GIF87a", "image/gif"),
    Magic(0, b"GIF89a", "image/gif"),
    Magic(8, b"WEBP", "image/webp"),
    Magic(0, b"BM", "image/bmp"),
    Magic(0, b"II*\x00", "image/tiff"),
    Magic(0, b"MM\x00*", "image/tiff"),
    Magic(0, b"%PDF-", "application/pdf"),
    Magic(0, b"#!AMR", "audio/amr"),
    Magic(0, b"ID3", "audio/mpeg"),
    Magic(0, b"\xff\xfb", "audio/mpeg"),
    Magic(0, b"\xff\xf1", "audio/aac"),
    Magic(0, b"\xff\xf9", "audio/aac"),
    Magic(0, b"fLaC", "audio/flac"),
    Magic(8, b"WAVE", "audio/wav", ("audio/",)),
    Magic(8, b"AVI ", "video/x-msvideo", ("video/",)),
    Magic(0, b"OggS", "audio/ogg", ("audio/", "video/", "application/ogg")),
    Magic(4, b"ftypM4A", "audio/mp4", ("audio/", "video/mp4")),
    Magic(4, b"ftypqt", "video/quicktime"),
    Magic(4, b"ftyp3g", "video/3gpp", ("video/3gpp", "audio/3gpp")),
    Magic(4, b"ftyphei", "image/heic"),
    Magic(4, b"ftypavif", "image/avif"),
    Magic(4, b"ftyp", "video/mp4", ("video/", "audio/", "image/")),
    Magic(0, b"\x1aE\xdf\xa3", "video/webm", ("video/", "audio/")),
    Magic(0, b"PK\x03\x04", "application/zip", ("application/",)),
    Magic(0, b"\xd0\xcf\x11\xe0", "application/x-ole-storage", ("application/",)),
    Magic(0, b"\x1f\x8b", "application/gzip", ("application/",)),
)

# the other way round: the ending of a name that has none, and what an ending says
ENDINGS = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".mp4": "video/mp4",
    ".3gp": "video/3gpp",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".amr": "audio/amr",
    ".aac": "audio/aac",
    ".m4a": "audio/mp4",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".ics": "text/calendar",
    ".vcf": "text/vcard",
    ".html": "text/html",
    ".xml": "application/xml",
    ".json": "application/json",
    ".zip": "application/zip",
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OF_TYPE = {kind: ending for ending, kind in reversed(ENDINGS.items())}


def content_type_of(body: bytes, declared: str, name: str) -> str:
    """Return the type of a file, without parameters; `declared` is its server's word."""
    declared = declared.partition(";")[0].strip().lower()
    if declared in _SAYS_NOTHING or not _TYPE.fullmatch(declared):
        declared = ENDINGS.get(ending_of(name), UNKNOWN)
    magic = next((each for each in MAGICS if body.startswith(each.bytes, each.at)), None)
    if magic is not None:
        return declared if magic.or_else and declared.startswith(magic.or_else) else magic.type
    return "text/html" if _is_html(body) and declared not in _MARKUP else declared


def is_what_it_is_called(media: Media, content_type: str, declared: str) -> bool:
    """Say whether a file is of the kind that its message says.

    Servers answer with a page of HTML, a login for one, where a file was; a document that comes so
    under another type's name is refused, too.
    """
    if media.kind == "sticker":
        return content_type == "image/webp"
    if media.kind != "document":
        return content_type.startswith(f"{media.kind}/")
    said = declared.partition(";")[0].strip().lower()
    return content_type not in _MARKUP or said in _MARKUP or said in _SAYS_NOTHING


def ending_of(name: str) -> str:
    """Return a name's ending with its dot, in small letters; empty without one."""
    stem, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and stem else ""


def usual_ending(content_type: str) -> str:
    """Return the ending of a type's files; empty where we know none."""
    return _OF_TYPE.get(content_type, "")


def _is_html(body: bytes) -> bool:
    begin = body[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return begin.startswith(tuple(tag.encode() for tag in _HTML))
