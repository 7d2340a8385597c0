"""Where texts stand in the configuration, and what they include. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from herald.templates.language import included, names_in
from herald.templates.locales import choose_locale
from herald.templates.shapes import ConfiguredTemplate, TemplateVersion

ANY_CHANNEL = "-"  # instead of a channel: what is said where no channel differs
LONGEST = 300_000  # characters of a text with all that it includes
DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands: `<template>/<version>/<locale>/<channel>/<part>`."""

    template: str
    version: int
    locale: str
    channel: str
    part: str

    def __str__(self) -> str:
        return f"{self.template}/{self.version}/{self.locale}/{self.channel}/{self.part}"

    @classmethod
    def read(cls, name: str) -> Place:
        """Read a place's name; a part may have slashes of its own."""
        template, version, locale, channel, part = name.split("/", 4)
        return cls(template, int(version), locale, channel, part)


class Extent(NamedTuple):
    """How far a text goes with all that it includes."""

    size: int  # characters
    depth: int  # of texts in texts, itself counted


class IncludeError(Exception):
    """What a text includes can't be; the text says why."""


class Places:
    """Finds texts. What includes another takes its current version."""

    def __init__(self, templates: Mapping[str, ConfiguredTemplate]) -> None:
        self.templates = templates
        self._extents: dict[Place, Extent] = {}

    def version(self, place: Place) -> TemplateVersion:
        """Return the version of a template that a place is in."""
        return self.templates[place.template].versions[place.version]

    def source(self, place: Place) -> str | None:
        """Return the text at a place, as it is written."""
        texts = self.version(place).locales[place.locale].on(place.channel)
        return dict(texts.sources()).get(place.part)

    def include(self, name: str, place: Place) -> Place:
        """Return where that stands which a text at a place includes: the same part of another.

        Raises:
            IncludeError: nowhere.
        """
        template = self.templates.get(name)
        if template is None:
            raise IncludeError(f"includes {name!r}: no such template")
        missing = set(self.templates[place.template].tenants) - set(template.tenants)
        if missing:
            raise IncludeError(f"includes {name!r}, which {min(missing)!r} may not use")
        locale, _ = choose_locale(template.locales, [place.locale], template.default_locale)
        found = Place(name, template.version, locale, place.channel, place.part)
        if self.source(found) is None:
            raise IncludeError(f"includes {name!r}, which has no {place.part} ({locale})")
        return found

    def measure(self, place: Place, way: tuple[str, ...] = ()) -> Extent:
        """Return how far a text goes with all that it includes.

        Raises:
            IncludeError: it includes itself, or too much.
        """
        if place.template in way:
            circle = " -> ".join((*way[way.index(place.template) :], place.template))
            raise IncludeError(f"includes itself: {circle}")
        if place in self._extents:
            return self._extents[place]
        size, depth = len(self.source(place) or ""), 1
        for there in self._included(place):
            inner = self.measure(there, (*way, place.template))
            size, depth = size + inner.size, max(depth, inner.depth + 1)
            if size > LONGEST:
                raise IncludeError(f"over {LONGEST:,} characters with all that it includes")
            if depth > DEEPEST:
                raise IncludeError(f"includes more than {DEEPEST} deep")
        self._extents[place] = Extent(size, depth)
        return self._extents[place]

    def names(self, place: Place) -> set[str]:
        """Return the variables that a text needs with all that it includes, which has an end."""
        names = set(names_in(self.source(place) or ""))
        return names.union(*(self.names(there) for there in set(self._included(place))))

    def _included(self, place: Place) -> Iterator[Place]:
        for name in included(self.source(place) or ""):
            yield self.include(name, place)
