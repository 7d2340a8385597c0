"""The head of a mail that came in, read without trusting it. Pure.

Names are in lower case; a header that comes several times keeps all its values in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses

from herald.contracts.identifiers import read_attempt_tag
from herald.contracts.text import storable

Heads = Mapping[str, Sequence[str]]

MOST_IDS = 20  # of what a mail answers: the newest count
MOST_ADDRESSES = 100
_ID = re.compile(r"<([!-;=?A-~]{1,200}@[!-;=?A-~]{1,200})>")  # as an answer may name it
_TAG = re.compile(r"[0-9a-f-]{36}\.[0-9]{1,2}\.[0-9]{1,2}(?:\.[ub])?")
_SPACE = re.compile(r"\s+")

# RFC 3834, and what programs wrote before it
_MACHINE_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-reply")
_MACHINE_PRECEDENCE = frozenset({"auto_reply", "bulk", "junk", "list"})


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address; the name may be empty."""

    name: str
    address: str


def heads_of(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Gather headers by their names."""
    heads: dict[str, list[str]] = {}
    for name, value in pairs:
        heads.setdefault(name.strip().lower(), []).append(value)
    return heads


def first(heads: Heads, name: str) -> str:
    """Return a header's first value on one line, its encoded words decoded (RFC 2047)."""
    values = heads.get(name)
    return decoded(values[0]) if values else ""


def decoded(value: str) -> str:
    """Decode a header's value; what can't be decoded stays as it is."""
    if "=?" in value:
        with suppress(HeaderParseError, LookupError, ValueError):
            value = str(make_header(decode_header(value)))
    return str(storable(_SPACE.sub(" ", value).strip()))


def mailboxes(values: Iterable[str]) -> list[Mailbox]:
    """Read the addresses of headers such as To; what is no address is left out."""
    flat = [_SPACE.sub(" ", value) for value in values]
    found = getaddresses(flat[:MOST_ADDRESSES])[:MOST_ADDRESSES]
    return [Mailbox(decoded(name), address) for name, address in found if _is_address(address)]


def message_id(heads: Heads) -> str | None:
    """Return the mail's own Message-ID in angle brackets; None where it has none that is one."""
    return next(ids_in(heads.get("message-id", ())), None)


def ids_in(values: Iterable[str]) -> Iterator[str]:
    """Give the Message-IDs of headers in angle brackets."""
    for value in values:
        for match in _ID.finditer(value):
            yield match[0]


def answered_ids(heads: Heads) -> list[str]:
    """Return the Message-IDs of what a mail answers, the newest first (RFC 5322, 3.6.4)."""
    parents = list(ids_in(heads.get("in-reply-to", ())))
    thread = list(ids_in(heads.get("references", ())))
    return list(dict.fromkeys([*parents, *reversed(thread)]))[:MOST_IDS]


def forms_of(message_id: str) -> tuple[str, str, str]:
    """Return what a provider may call a mail: its Message-ID, that without brackets, its left part.

    Amazon SES and Postmark make the Message-ID of their own id and a domain of theirs.
    """
    bare = message_id.strip("<>")
    return message_id, bare, bare.partition("@")[0]


def attempt_in(texts: Iterable[str]) -> str | None:
    """Find an attempt of ours in Message-IDs, or in addresses such as `reply+<attempt>@...`."""
    for text in texts:
        for found in _TAG.findall(text):
            tag = read_attempt_tag(found)
            if tag is not None:
                return str(tag[0])
    return None


def is_automatic(heads: Heads) -> bool:
    """Whether a machine wrote the mail: a note of absence, a list's mail."""
    submitted = first(heads, "auto-submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if first(heads, "precedence").lower() in _MACHINE_PRECEDENCE:
        return True
    return any(first(heads, name).lower() not in {"", "no"} for name in _MACHINE_HEADERS)


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and " " not in text and len(text) <= 320  # noqa: PLR2004  RFC 5321
