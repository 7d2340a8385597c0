"""The head of an e-mail, written here, for the library parses what it is given.

It takes a text that looks like an encoded word (RFC 2047) for one, and decodes whatever it hides,
line breaks included. Here a text is a text: encoded when it is not plain, and never read. Pure.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass

BAD_HEADER = Failure.of(FailureClass.CONTENT, "bad_header", "a header can't be written")

_LINE_CHARACTERS = 76
_LONGEST_PLAIN = 900  # RFC 5322, 2.1.1: a line that can't be folded has 998 characters at most
_WORD_BYTES = 39  # of text in one encoded word: with the longest name of ours it fills a line
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")  # all but the tab
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ENCODED_MARK = "=?"
_FOLD = "\r\n "
_PIECES = re.compile(r" *[^ ]+")
_NAME = re.compile(rb"([!-9;-~]+):")
_BARE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def text_value(text: str) -> str:
    """Write a text, such as a subject, as a header's value.

    Raises:
        ValueError: it holds a line break or another control character.
    """
    refuse_controls(text)
    if not text:
        return ""
    return _folded(text) if _is_plain(text) else _encoded(text)


def mailbox_value(name: str, address: str) -> str:
    """Write a mailbox; whatever its name looks like, it stays a name.

    Raises:
        ValueError: name or address hold a line break or another control character.
    """
    refuse_controls(name, address)
    if not name:
        return address
    phrase = _phrase(name)
    fits = len(phrase) + len(address) < _LINE_CHARACTERS - len("From: <>")
    return f"{phrase}{' ' if fits else _FOLD}<{address}>"


def refuse_controls(*texts: str) -> None:
    """See that texts fit on one line.

    Raises:
        ValueError: one holds a line break or another control character.
    """
    for text in texts:
        if _CONTROL.search(text):
            raise ValueError("a control character")


def check_head(raw: bytes, expected: Collection[str]) -> None:
    """See that a mail has the headers that we gave it, each once, and no other.

    Raises:
        ValueError: it has not.
    """
    head, _, _ = raw.partition(b"\r\n\r\n")
    names = []
    for line in head.split(b"\r\n"):
        if _BARE.search(line):
            raise ValueError("a control character in the head")
        if not line.startswith((b" ", b"\t")):
            match = _NAME.match(line)
            names.append(match[1].decode() if match else "")
    if sorted(names) != sorted(expected):
        raise ValueError("another header than ours")


def _phrase(name: str) -> str:
    if not _is_plain(name):
        return _encoded(name)
    if _ATOMS.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_plain(text: str) -> bool:
    is_printable = _PLAIN.fullmatch(text) is not None and len(text) <= _LONGEST_PLAIN
    return is_printable and _ENCODED_MARK not in text


def _folded(text: str) -> str:
    """Break a plain text at its spaces; each line after the first begins with one."""
    lines = [""]
    room = _LINE_CHARACTERS - len("Subject: ")
    for piece in _PIECES.findall(text):
        if lines[-1] and len(lines[-1]) + len(piece) > room:
            lines.append(piece)
        else:
            lines[-1] += piece
    return "\r\n".join(lines)


def _encoded(text: str) -> str:
    """Write encoded words; the spaces between them are no part of the text."""
    words, word = [], b""
    for character in text:
        encoded = character.encode()
        if len(word) + len(encoded) > _WORD_BYTES:
            words.append(word)
            word = b""
        word += encoded
    words.append(word)
    return _FOLD.join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words)
