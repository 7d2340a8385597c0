"""Which of a template's locales a recipient gets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Texts = TypeVar("Texts")


def same_form(locale: str) -> str:
    """Write a locale in one form: `pt_BR` and `pt-br` are one."""
    return locale.replace("_", "-").lower()


def choose_locale(
    there: Mapping[str, Texts], wanted: Iterable[str | None], default: str
) -> tuple[str, Texts]:
    """Return the first wanted locale that there is, each with its region, then without."""
    known = {same_form(name): name for name in there}
    for locale in wanted:
        form = same_form(locale or "")
        while form:
            if form in known:
                return known[form], there[known[form]]
            form = form.rpartition("-")[0]
    name = known[same_form(default)]
    return name, there[name]
