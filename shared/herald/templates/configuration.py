"""All of `[templates]`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from herald.contracts.identifiers import ConfiguredName
from herald.templates.shapes import ConfiguredTemplate

if TYPE_CHECKING:
    from herald.templates.filling import Filler


class Templates(BaseModel):
    """The templates that commands may name, by name: `[templates.<name>]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    named: dict[ConfiguredName, ConfiguredTemplate] = Field(default_factory=dict)
    _filler: Filler | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _read_names(cls, written: Any) -> Any:
        return {"named": written} if isinstance(written, dict) else written

    @property
    def filler(self) -> Filler | None:
        """What fills them in; None: there are none."""
        if self._filler is None and self.named:
            from herald.templates.filling import Filler  # noqa: PLC0415  heavy, and not for all

            self._filler = Filler(self.named)
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
        if self.filler is not None:
            yield from self.filler.library.problems()
