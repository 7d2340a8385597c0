"""The files that a mail carries: their names, their types, how much is too much. Pure.

Whoever fetches them asks `refuse_large`; whoever writes them, as MIME or in a provider's form, goes
by `parts_of`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from herald.contracts.content.file_rules import MAIL_BYTES
from herald.contracts.failures import Failure
from herald.contracts.file_names import safe_file_name
from herald.contracts.vocabulary import FailureClass
from herald.providers.files import File

MOST_BYTES = MAIL_BYTES

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_COMPOSITE = ("multipart/", "message/")  # RFC 2046: never base64
ANY_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPart:
    """A file as a mail names it."""

    name: str  # without a path; each once in a mail
    content_type: str  # without parameters
    content_id: str | None  # shown by the HTML; None: attached
    body: bytes = field(repr=False)


def refuse_large(attachments: Sequence[File]) -> Failure | None:
    """Say why files can't go along in one mail, None when they can."""
    size = sum(len(file.body) for file in attachments)
    if size <= MOST_BYTES:
        return None
    text = f"{size:,} bytes of files, over the {MOST_BYTES:,} of a mail"
    return Failure.of(FailureClass.CONTENT, "files_too_large", text)


def parts_of(attachments: Sequence[File], *, has_html: bool) -> list[MailPart]:
    """Name the files. Without HTML nothing can show an image in it: it is attached."""
    taken: set[str] = set()
    return [_part(file, taken, has_html=has_html) for file in attachments]


def _part(file: File, taken: set[str], *, has_html: bool) -> MailPart:
    name = _once(safe_file_name(file.name), taken)
    return MailPart(
        name=name,
        content_type=_known_type(file.content_type),
        content_id=file.media.content_id if has_html else None,
        body=file.body,
    )


def _once(name: str, taken: set[str]) -> str:
    """Give two files of one name different ones: mail programs save both into one folder."""
    stem, dot, ending = name.rpartition(".")
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{stem} ({number}).{ending}" if dot else f"{name} ({number})"
    taken.add(free.casefold())
    return free


def _known_type(given: str) -> str:
    kind = given.partition(";")[0].strip().lower()
    is_simple = _TYPE.fullmatch(kind) is not None and not kind.startswith(_COMPOSITE)
    return kind if is_simple else ANY_TYPE
