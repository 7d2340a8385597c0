"""What a message says: one content, with parts overridden for a channel."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from herald.contracts.file_names import has_path
from herald.contracts.identifiers import ChannelName
from herald.contracts.text import FilledLine, FilledText, Line, Text

SAYING = ("text", "html", "media", "template")  # a subject alone is nothing to send
_URL = TypeAdapter(HttpUrl)


def _https_url(value: str) -> str:
    url = _URL.validate_python(value)
    if url.scheme != "https" or url.username or url.password:
        raise ValueError("must be an https URL without credentials")
    return str(url)


HttpsUrl = Annotated[
    str, StringConstraints(max_length=2048), AfterValidator(_https_url), PlainSerializer(str)
]


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


# of RFC 2392: what the HTML of a mail calls `cid:...`
ContentId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._+-]{1,64}(@[A-Za-z0-9.-]{1,64})?$")
]


class Media(_Content):
    """A file by link; the provider or the recipient's mail program fetches it."""

    url: HttpsUrl = Field(description="https, without credentials.")
    kind: Literal["image", "video", "audio", "document"] = Field(
        default="document", description="What it is: image, video, audio or document."
    )
    caption: Text | None = Field(default=None, max_length=1024, description="Shown with it.")
    filename: Line | None = Field(
        default=None, max_length=240, description="A document's name for the recipient."
    )
    attach: bool = Field(
        default=False,
        description="On e-mail: fetch it and send it along instead of a link; at most 18 MiB"
        " a mail.",
    )
    content_id: ContentId | None = Field(
        default=None,
        description="On e-mail: an image sent along, which the HTML shows as `cid:<content_id>`.",
    )

    @property
    def goes_along(self) -> bool:
        """Whether a mail carries the file itself."""
        return self.attach or self.content_id is not None

    @model_validator(mode="after")
    def _named_without_path(self) -> Self:
        if self.goes_along and self.filename is not None and has_path(self.filename):
            raise ValueError("filename: must be a name, without a path")
        return self


def _of_one_kind(variables: dict[str, str]) -> dict[str, str]:
    """Refuse numbers among names: providers fill a template by one or by the other."""
    if len({name.isdecimal() for name in variables}) > 1:
        raise ValueError("give all variables by number, or all by name")
    return variables


Variables = Annotated[dict[Line, Text], AfterValidator(_of_one_kind)]


class Template(_Content):
    """A message the provider holds, with its variables (named, or numbered from "1")."""

    name: Line = Field(min_length=1, max_length=512, description="As the provider knows it.")
    language: str = Field(
        default="en",
        pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$",
        description="The translation to use, e.g. `en` or `pt_BR`.",
    )
    variables: Variables = Field(
        default_factory=dict,
        max_length=64,
        description='Values by name, or by number from "1"; all of one kind.',
    )


class ChannelContent(_Content):
    """What is said on one channel, or the parts of it that differ there."""

    text: FilledText | None = Field(default=None, max_length=65_536, description="Plain text.")
    subject: FilledLine | None = Field(
        default=None, description="An e-mail's subject: without one no e-mail is sent."
    )
    html: FilledText | None = Field(
        default=None, max_length=200_000, description="An e-mail's HTML, beside its text."
    )
    media: tuple[Media, ...] = Field(default=(), max_length=10, description="Files, by link.")
    template: Template | None = Field(
        default=None, description="A message that the provider holds, instead of text."
    )
    outside_window: Template | None = Field(
        default=None,
        description="The template that is sent instead while the recipient may get nothing else:"
        " on WhatsApp 24 hours after they wrote last. The step's if absent.",
    )

    @model_validator(mode="after")
    def _shown_once(self) -> Self:
        shown = [media.content_id for media in self.media if media.content_id is not None]
        if len(shown) != len(set(shown)):
            raise ValueError("media: each content_id names one file")
        return self

    @property
    def says_something(self) -> bool:
        """Whether there is anything to send; a subject alone is not."""
        return any(getattr(self, part) for part in SAYING)


class Content(ChannelContent):
    """What is said everywhere, and what a channel says instead."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [part]} for part in (*SAYING, "overrides")]}
    )

    overrides: dict[ChannelName, ChannelContent] = Field(
        default_factory=dict, description="By channel: the fields that differ there."
    )

    @model_validator(mode="after")
    def _something_is_said(self) -> Self:
        if not self.says_something and not any(o.says_something for o in self.overrides.values()):
            raise ValueError(f"says nothing: give {', '.join(SAYING[:-1])} or {SAYING[-1]}")
        return self

    def on(self, channel: str) -> ChannelContent:
        """Return the content for `channel`: a part set in its override replaces the common one."""
        parts = {name: getattr(self, name) for name in ChannelContent.model_fields}
        override = self.overrides.get(channel)
        if override is not None:
            parts |= {name: getattr(override, name) for name in override.model_fields_set}
        return ChannelContent.model_construct(**parts)
