"""What a template says to one recipient on one channel. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from herald.contracts.content import Template
from herald.templates.filled import Filled, UnfillableError
from herald.templates.library import UNSUITABLE, Library
from herald.templates.locales import choose_locale
from herald.templates.places import Place
from herald.templates.shapes import PARTS, PROVIDERS, ConfiguredTemplate, ProviderTemplate
from herald.templates.variables import read_values

_LONGEST = {"text": 65_536, "subject": 998, "html": 200_000}  # as in commands
_NAMED = 10


class Filler:
    """Fills in the templates of a configuration."""

    def __init__(self, templates: Mapping[str, ConfiguredTemplate]) -> None:
        self._templates = templates
        self.library = Library(templates)

    def find(self, name: str, tenant: str) -> ConfiguredTemplate | None:
        """Return the template that a tenant's command means, if it means one of these."""
        template = self._templates.get(name)
        return template if template is not None and tenant in template.tenants else None

    def fill(
        self,
        template: ConfiguredTemplate,
        asked: Template,
        wanted: Iterable[str | None],
        channel: str,
    ) -> Filled:
        """Fill in a template for a channel, in the first of the wanted locales that it has.

        Raises:
            UnfillableError: there is no such version, or the variables don't suit.
        """
        number = asked.version or template.version
        version = template.versions.get(number)
        if version is None:
            known = ", ".join(map(str, list(template.versions)[-_NAMED:]))
            raise UnfillableError("version", f"no such version; known: {known}")
        values, problems = read_values(version.variables, asked.variables)
        if problems:
            name, reason = problems[0]
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise UnfillableError(f"variables.{name}", reason + more)
        locale, texts = choose_locale(version.locales, wanted, version.default_locale)
        place = Place(asked.name, number, locale, channel, "")
        said = texts.on(channel)
        parts: dict[str, Any] = {
            part: self._text(place, part, values) for part in PARTS if getattr(said, part)
        }
        for part in PROVIDERS:
            held: ProviderTemplate | None = getattr(said, part)
            if held is not None:
                variables = self._variables(place, part, held, values)
                changed = {"name": held.name, "language": held.language, "version": None}
                own = {**dict(asked), **changed, "variables": variables}
                parts[part] = Template.model_construct(**own)
        return Filled(name=asked.name, version=number, locale=locale, parts=parts)

    def _variables(
        self, place: Place, part: str, held: ProviderTemplate, values: Mapping[str, Any]
    ) -> dict[str, str]:
        return {
            name: self._rendered(place, f"{part}.variables.{name}", values)
            for name in held.variables
        }

    def _text(self, place: Place, part: str, values: Mapping[str, Any]) -> str:
        text = self._rendered(place, part, values)
        if not text.strip():
            raise UnfillableError("", f"its {part} is blank ({place.locale})")
        if len(text) > _LONGEST[part]:
            raise UnfillableError("", f"its {part} is over {_LONGEST[part]:,} characters")
        if part == "subject" and len(text.splitlines()) > 1:
            raise UnfillableError("", "its subject has line breaks")
        return text

    def _rendered(self, place: Place, part: str, values: Mapping[str, Any]) -> str:
        there = Place(place.template, place.version, place.locale, place.channel, part)
        try:
            return self.library.render(there, values)
        except UNSUITABLE:  # the error's text may quote a value
            raise UnfillableError(
                "", f"its {part} can't be filled in with these variables"
            ) from None
