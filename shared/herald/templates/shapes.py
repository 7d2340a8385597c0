"""`[templates]` of `herald.toml`: the shape of a template. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from herald.contracts.content import LOCALE_PATTERN
from herald.contracts.identifiers import ChannelName, TenantName
from herald.contracts.text import Line, Text
from herald.templates.locales import same_form
from herald.templates.variables import Variable, VariableName

Locale = Annotated[str, StringConstraints(pattern=LOCALE_PATTERN)]
Version = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}$")]
PARTS = ("text", "subject", "html")
PROVIDERS = ("template", "outside_window")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProviderTemplate(_Part):
    """A template that the provider holds, and what its variables are made of."""

    name: Line = Field(min_length=1, max_length=512)
    language: Locale = "en"
    variables: dict[Line, Text] = Field(default_factory=dict, max_length=64)


class Texts(_Part):
    """What is said; a part that is not there is the common one, or the command's."""

    text: Text | None = Field(default=None, max_length=65_536)  # plain text
    subject: Text | None = Field(default=None, max_length=998)  # an e-mail's
    html: Text | None = Field(default=None, max_length=200_000)  # an e-mail's, beside its text
    template: ProviderTemplate | None = None  # sent instead, where the account holds it
    outside_window: ProviderTemplate | None = None  # while the recipient may get nothing else

    def sources(self) -> Iterator[tuple[str, str]]:
        """Return each text to fill in, by its path."""
        for part in PARTS:
            if (text := getattr(self, part)) is not None:
                yield part, text
        for part in PROVIDERS:
            held: ProviderTemplate | None = getattr(self, part)
            for name, text in (held.variables if held is not None else {}).items():
                yield f"{part}.variables.{name}", text


class LocaleTexts(Texts):
    """What is said in one language: on every channel, and what differs on some."""

    overrides: dict[ChannelName, Texts] = Field(default_factory=dict)

    def on(self, channel: str) -> Texts:
        """Return what is said on a channel."""
        override = self.overrides.get(channel)
        parts = {part: getattr(self, part) for part in (*PARTS, *PROVIDERS)}
        if override is not None:
            parts |= {name: getattr(override, name) for name in override.model_fields_set}
        return Texts.model_construct(**parts)


class TemplateVersion(_Part):
    """One version of a template: its variables, and its texts by locale."""

    default_locale: Locale = "en"  # of recipients whose own is not there
    variables: dict[VariableName, Variable] = Field(
        default_factory=dict, max_length=64, description="What a command is to give, by name."
    )
    locales: dict[Locale, LocaleTexts] = Field(
        min_length=1, description="What is said, by language: `en`, `pt-BR`."
    )

    @model_validator(mode="after")
    def _default_is_there(self) -> TemplateVersion:
        forms = [same_form(name) for name in self.locales]
        if same_form(self.default_locale) not in forms:
            raise ValueError(f"default_locale: no locale {self.default_locale!r}")
        if len(set(forms)) < len(forms):
            raise ValueError("locales: each stands once, however it is written")
        return self


class ConfiguredTemplate(TemplateVersion):
    """A template that commands may name: `[templates.<name>]`."""

    tenants: tuple[TenantName, ...] = ("default",)  # whose commands may name it
    version: int = Field(default=1, ge=1, le=999_999)  # of what stands here
    earlier: dict[Version, TemplateVersion] = Field(
        default_factory=dict, description="Versions before it that commands may still name."
    )

    @model_validator(mode="after")
    def _earlier_are_earlier(self) -> ConfiguredTemplate:
        for number in self.earlier:
            if int(number) >= self.version:
                raise ValueError(f"earlier.{number}: not before version {self.version}")
        return self

    @property
    def versions(self) -> Mapping[int, TemplateVersion]:
        """Every version by its number, in order."""
        earlier = {int(number): each for number, each in self.earlier.items()}
        return dict(sorted({**earlier, self.version: self}.items()))
