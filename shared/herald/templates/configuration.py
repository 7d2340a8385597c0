"""All of `[templates]`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from herald.contracts.identifiers import ConfiguredName
from herald.templates.filling import Filler
from herald.templates.shapes import ConfiguredTemplate


class Templates(BaseModel):
    """The templates that commands may name, by name: `[templates.<name>]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    named: dict[ConfiguredName, ConfiguredTemplate] = Field(default_factory=dict)
    _filler: Filler = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _read_names(cls, written: Any) -> Any:
        return {"named": written} if isinstance(written, dict) else written

    def model_post_init(self, _context: Any) -> None:
        """Make what fills them in."""
        self._filler = Filler(self.named)

    @property
    def filler(self) -> Filler:
        """What fills them in."""
        return self._filler

    def problems(self, channels: Iterable[str], tenants: Iterable[str]) -> Iterator[str]:
        """Say what is wrong, with its path."""
        known_channels, known_tenants = set(channels), set(tenants)
        for name, template in self.named.items():
            for tenant in template.tenants:
                if tenant not in known_tenants:
                    yield f"templates.{name}.tenants: no tenant {tenant!r}"
            for version in template.versions.values():
                for locale, texts in version.locales.items():
                    for channel in texts.overrides.keys() - known_channels:
                        where = f"templates.{name}.locales.{locale}.overrides.{channel}"
                        yield f"{where}: no account serves it"
        yield from self._filler.library.problems()
