"""What a message says: one content, with parts overridden for a channel."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from herald.contracts.content.base import ContentPart, HttpsUrl
from herald.contracts.content.rich import (
    MAX_BUTTONS,
    Buttons,
    ChoiceList,
    Contact,
    LinkButton,
    Location,
    Reaction,
    ReadReceipt,
)
from herald.contracts.file_names import has_path
from herald.contracts.identifiers import ChannelName
from herald.contracts.text import FilledLine, FilledText, Line, Text

ALONE = ("location", "contacts", "reaction", "read_receipt")  # each is a message by itself
TO_A_MESSAGE = ("reaction", "read_receipt")  # of the recipient's, which the command answers
MOST_SEGMENTS = 255  # of one text: their number is one byte (3GPP TS 23.040, 9.2.3.24.1)
OUTSIDE = "outside_window"  # said at other times
# a subject alone is nothing to send
SAYING = ("text", "html", "media", "template", *ALONE)


LOCALE_PATTERN = r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$"  # `en`, `pt_BR`, `pt-BR`

# of RFC 2392: what the HTML of a mail calls `cid:...`
ContentId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._+-]{1,64}(@[A-Za-z0-9.-]{1,64})?$")
]


class Media(ContentPart):
    """A file by link; the provider or the recipient's mail program fetches it."""

    url: HttpsUrl = Field(description="https, without credentials.")
    kind: Literal["image", "video", "audio", "document", "sticker"] = Field(
        default="document", description="What it is: image, video, audio, document or sticker."
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


class TemplateHeader(ContentPart):
    """What stands above a template's text: its variable, a file or a place."""

    variables: Variables = Field(
        default_factory=dict, max_length=1, description="The variable of a header that is a line."
    )
    media: Media | None = Field(default=None, description="An image, a video or a document.")
    location: Location | None = Field(default=None, description="A place.")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if sum(map(bool, (self.variables, self.media, self.location))) != 1:
            raise ValueError("give one of variables, media and location")
        if self.media is not None and self.media.kind in {"audio", "sticker"}:
            raise ValueError("a header is an image, a video or a document")
        return self


class TemplateButton(ContentPart):
    """What a button of a template needs to know."""

    index: int = Field(ge=0, le=9, description="Which button: 0 is the first.")
    kind: Literal["quick_reply", "url", "copy_code"] = Field(
        description="What the template says it is."
    )
    value: FilledLine = Field(
        max_length=512,
        description="A quick reply's payload, the end of a URL, or the code to copy.",
    )


class Template(ContentPart):
    """A template in herald.toml, or one that the provider holds, with its variables.

    These are named, or numbered from "1".
    """

    name: Line = Field(
        min_length=1, max_length=512, description="As herald.toml or the provider knows it."
    )
    language: str = Field(
        default="en",
        pattern=LOCALE_PATTERN,
        description="The translation to use, e.g. `en` or `pt_BR`.",
    )
    version: int | None = Field(
        default=None,
        ge=1,
        le=999_999,
        description="Of a configured template: which one; the current if absent.",
    )
    variables: Variables = Field(
        default_factory=dict,
        max_length=64,
        description='Values by name, or by number from "1"; all of one kind.',
    )
    header: TemplateHeader | None = Field(
        default=None, description="What its header needs, on WhatsApp."
    )
    buttons: tuple[TemplateButton, ...] | None = Field(
        default=None, max_length=10, description="What its buttons need, on WhatsApp."
    )


def _each_shown_once(files: tuple[Media, ...]) -> tuple[Media, ...]:
    shown = [media.content_id for media in files if media.content_id is not None]
    if len(shown) != len(set(shown)):
        raise ValueError("each content_id names one file")
    return files


class ChannelContent(ContentPart):
    """What is said on one channel, or the parts of it that differ there."""

    text: FilledText | None = Field(default=None, max_length=65_536, description="Plain text.")
    subject: FilledLine | None = Field(
        default=None, description="An e-mail's subject: without one no e-mail is sent."
    )
    html: FilledText | None = Field(
        default=None, max_length=200_000, description="An e-mail's HTML, beside its text."
    )
    media: Annotated[tuple[Media, ...], AfterValidator(_each_shown_once)] = Field(
        default=(), max_length=10, description="Files, by link."
    )
    template: Template | None = Field(
        default=None,
        description="A template in herald.toml, whose texts are said instead of those beside it; or"
        " one that the provider holds, sent instead of text.",
    )
    header: FilledLine | None = Field(
        default=None, max_length=60, description="A line above a text with something to tap."
    )
    footer: FilledLine | None = Field(
        default=None, max_length=60, description="A small line under such a text."
    )
    buttons: Buttons | None = Field(
        default=None, max_length=MAX_BUTTONS, description="Replies to tap, under the text."
    )
    list: ChoiceList | None = Field(default=None, description="A list to choose from, likewise.")
    link: LinkButton | None = Field(default=None, description="A page to open, likewise.")
    location: Location | None = Field(default=None, description="A place, instead of a text.")
    contacts: tuple[Contact, ...] | None = Field(
        default=None, max_length=20, description="Entries for an address book, instead of a text."
    )
    reaction: Reaction | None = Field(
        default=None, description="An emoji put to what the command answers, instead of a text."
    )
    read_receipt: ReadReceipt | None = Field(
        default=None, description="Shows what the command answers as read, and says nothing."
    )
    transliterate: bool | None = Field(
        default=None,
        description="On SMS: write what GSM-7 lacks with letters that it has, where that saves"
        " segments. The configuration's if absent.",
    )
    most_segments: int | None = Field(
        default=None,
        ge=1,
        le=MOST_SEGMENTS,
        description="On SMS: a text of more segments is not sent. The configuration's if absent.",
    )
    outside_window: Template | None = Field(
        default=None,
        description="The template that is sent instead while the recipient may get nothing else:"
        " on WhatsApp 24 hours after they wrote last. The step's if absent.",
    )

    @property
    def says_something(self) -> bool:
        """Whether there is anything to send; a subject alone is not."""
        return any(getattr(self, part) for part in SAYING)


_NOTHING = ChannelContent()
_PARTS = tuple(ChannelContent.model_fields)


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
        """Return the content for `channel`: a part set in its override replaces the common one.

        What is a message by itself replaces them all. Without overrides it is this content.
        """
        if not self.overrides:
            return self
        parts = {name: getattr(self, name) for name in _PARTS}
        override = self.overrides.get(channel)
        if override is not None:
            if any(getattr(override, name) for name in ALONE):
                parts |= {name: getattr(_NOTHING, name) for name in _PARTS if name != OUTSIDE}
            parts |= {name: getattr(override, name) for name in override.model_fields_set}
        return _NOTHING.model_copy(update=parts)
