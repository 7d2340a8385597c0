"""All templates of a configuration: checked as a whole, then filled in. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import FunctionLoader, TemplateError

from herald.templates.language import Environment, included, problems_of
from herald.templates.places import ANY_CHANNEL, IncludeError, Place, Places
from herald.templates.shapes import ConfiguredTemplate, LocaleTexts, TemplateVersion
from herald.templates.variables import SAMPLES

# what filling in raises where values don't suit a text
UNSUITABLE = (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError)


class _Environment(Environment):
    def __init__(self, places: Places) -> None:
        super().__init__(FunctionLoader(lambda name: places.source(Place.read(name))))
        self._places = places

    def join_path(self, template: str, parent: str) -> str:
        """Name what a text includes by where it stands."""
        return str(self._places.include(template, Place.read(parent)))


@dataclass(frozen=True, slots=True)
class _Text:
    """A text with where it stands; `is_own`: it differs on its place's channel, or that is any."""

    path: str
    place: Place
    source: str
    version: TemplateVersion
    is_own: bool


class Library:
    """Fills in texts; says first what is wrong with any."""

    def __init__(self, templates: Mapping[str, ConfiguredTemplate]) -> None:
        self._templates = templates
        self._places = Places(templates)
        self._environment = _Environment(self._places)
        self._channels = sorted(
            {
                channel
                for template in templates.values()
                for version in template.versions.values()
                for texts in version.locales.values()
                for channel in texts.overrides
            }
        )

    def render(self, place: Place, values: Mapping[str, Any]) -> str:
        """Fill in the text at a place.

        Raises:
            UNSUITABLE: the values don't suit it.
        """
        return self._environment.get_template(str(place)).render(values)

    def problems(self) -> Iterator[str]:
        """Say what is wrong with the templates, each with its path in the configuration.

        What is compiled is worked out as far as it is constant: so texts are tried only once all
        are known to be harmless.
        """
        texts = list(self._texts())
        wrong = list(dict.fromkeys(self._wrongly_written(texts)))
        yield from wrong or dict.fromkeys(self._not_fitting(texts))

    def _texts(self) -> Iterator[_Text]:
        """Give each text on each channel that may matter to it."""
        for name, template in self._templates.items():
            for number, version in template.versions.items():
                own = f"templates.{name}"
                at = own if number == template.version else f"{own}.earlier.{number}"
                for locale, texts in version.locales.items():
                    where = f"{at}.locales.{locale}"
                    for channel in (ANY_CHANNEL, *self._channels):
                        place = Place(name, number, locale, channel, "")
                        yield from _texts_on(where, place, texts, version)

    def _wrongly_written(self, texts: Iterable[_Text]) -> Iterator[str]:
        for text in texts:
            for problem in problems_of(text.source, text.version.variables):
                yield f"{text.path}: {problem}"

    def _not_fitting(self, texts: Iterable[_Text]) -> Iterator[str]:
        for text in texts:
            if text.is_own or included(text.source):
                yield from self._why_not(text.path, text.place, text.version)

    def _why_not(self, path: str, place: Place, version: TemplateVersion) -> Iterator[str]:
        """Try a text with everything that it includes."""
        try:
            self._places.measure(place)
            undeclared = sorted(self._places.names(place) - set(version.variables))
        except IncludeError as error:
            yield f"{path}: {error}"
            return
        if undeclared:
            yield f"{path}: what it includes needs a variable {undeclared[0]!r}"
            return
        try:
            self.render(place, {name: SAMPLES[it.type] for name, it in version.variables.items()})
        except UNSUITABLE as error:
            yield f"{path}: can't be filled in: {error}"


def _texts_on(
    where: str, place: Place, texts: LocaleTexts, version: TemplateVersion
) -> Iterator[_Text]:
    override = texts.overrides.get(place.channel)
    differ = dict(override.sources()) if override is not None else {}
    for part, source in texts.on(place.channel).sources():
        path = f"{where}.overrides.{place.channel}.{part}" if part in differ else f"{where}.{part}"
        is_own = part in differ or place.channel == ANY_CHANNEL
        yield _Text(path, replace(place, part=part), source, version, is_own)
