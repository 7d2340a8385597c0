"""Taking out of a provider's words what it repeats of a message. Pure.

A provider that refuses a message likes to quote it: its text, its recipient's name, a code in it.
What a user asked to send stands with the message alone, so it is taken out before the words go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from operator import attrgetter

from herald.contracts.content import ChannelContent, Media, Template

HIDDEN = "***"
SHORTEST_QUOTE = 11  # characters in a row; fewer are the language's, not the message's
_STEP = SHORTEST_QUOTE // 2  # every quote as long holds a piece of as many that begins at one
_FIGURE = re.compile(r"\d")
_CODE = re.compile(r"\b(?=\w*\d)\w{4,}\b")  # what a message says in figures may be a secret
_SHORTEST_NAME = 3


def said_in(content: ChannelContent) -> list[str]:
    """List every text that a message says on a channel, links to its files too."""
    said = [*filter(None, _LINES(content))]
    if any(_OTHER_PARTS(content)):  # mostly there is none of them
        said += _said_in_others(content)
    return said


_LINES = attrgetter("subject", "text", "html", "header", "footer")
_OTHER_PARTS = attrgetter("template", "media", "buttons", "link", "list", "location", "contacts")


def _said_in_others(content: ChannelContent) -> Iterator[str]:
    if content.template is not None:
        yield from _said_in_template(content.template)
    for media in content.media:
        yield from _said_in_file(media)
    yield from _said_to_tap(content)
    if content.location is not None:
        yield from filter(None, (content.location.name, content.location.address))
    for contact in content.contacts or ():
        yield contact.name
        yield from (phone.number for phone in contact.phones)
        yield from contact.emails


def _said_in_template(template: Template) -> Iterator[str]:
    yield from template.variables.values()
    yield from (button.value for button in template.buttons or ())
    if template.header is not None:
        yield from template.header.variables.values()
        if template.header.media is not None:
            yield from _said_in_file(template.header.media)


def _said_in_file(media: Media) -> Iterator[str]:
    yield from filter(None, (media.url, media.caption, media.filename))


def _said_to_tap(content: ChannelContent) -> Iterator[str]:
    for button in content.buttons or ():
        yield from (button.id, button.title)
    if content.link is not None:
        yield from (content.link.title, content.link.url)
    for section in content.list.sections if content.list is not None else ():
        for row in section.rows:
            yield from filter(None, (row.id, row.title, row.description))


def names_of(recipient_name: str | None, address: str) -> list[str]:
    """List what a recipient is called; mail servers name a mailbox by what is before the @."""
    names = [recipient_name] if recipient_name else []
    mailbox, at, _ = address.rpartition("@")
    return [*names, mailbox] if at else names


def without_quotes(words: str, said: Iterable[str]) -> str:
    """Hide in `words` whatever they quote of the texts in `said`, and the codes in those."""
    if len(words) < _SHORTEST_NAME:
        return words
    is_plain = len(words) < SHORTEST_QUOTE and _FIGURE.search(words) is None
    for text in said:
        if is_plain and _is_longer_than_a_word(text):
            continue  # mostly so: neither a quote of it nor a code
        flat = " ".join(text.split())
        if _SHORTEST_NAME <= len(flat) < SHORTEST_QUOTE:
            words = _without_word(words, flat)
        words = _without_runs(words, flat)
        for code in set(_CODE.findall(words)):
            # mostly not there at all: a search compiles the code first
            if code in flat and re.search(rf"\b{code}\b", flat):
                words = words.replace(code, HIDDEN)
    return words


def _is_longer_than_a_word(text: str) -> bool:
    """Whether a text is as long as a quote, by its first words alone."""
    return len(text.split(maxsplit=_STEP)) > _STEP


def without_names(words: str, names: Iterable[str]) -> str:
    """Hide names in `words`, whole and each of their parts."""
    for name in names:
        parts = [name, *re.findall(r"\w+", name)]
        for part in parts:
            if len(part) >= _SHORTEST_NAME:
                words = _without_word(words, part)
    return words


def _without_word(words: str, word: str) -> str:
    if words.isascii() and word.isascii() and word.lower() not in words.lower():
        return words  # mostly so, and compiling a pattern costs more than looking
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", HIDDEN, words, flags=re.IGNORECASE)


def _without_runs(words: str, text: str) -> str:
    """Hide every run of characters that both have, if it is long enough to be a quote."""
    kept: list[str] = []
    at = start = 0
    while at + _STEP <= len(words):
        if words[at : at + _STEP] not in text:
            at += _STEP
            continue
        first, end = _run(words, at, start, text)
        if end - first < SHORTEST_QUOTE:
            at += _STEP
            continue
        run = words[first:end]
        blanks = len(run) - len(run.lstrip()), len(run) - len(run.rstrip())
        kept += [words[start : first + blanks[0]], HIDDEN]
        start = end - blanks[1]
        at = end
    return "".join([*kept, words[start:]])


def _run(words: str, at: int, start: int, text: str) -> tuple[int, int]:
    """Return where the common run around the piece at `at` begins, from `start` on, and ends."""
    first, end = at, at + _STEP
    while first > start and words[first - 1 : end] in text:
        first -= 1
    while end < len(words) and words[first : end + 1] in text:
        end += 1
    return first, end
