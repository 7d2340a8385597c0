"""What can be said beside texts and files: things to tap, places, people, reactions.

The limits are WhatsApp's. Source: Meta, "Interactive reply buttons messages", "Interactive list
messages", "Interactive call-to-action URL button messages", "Location messages", "Contacts
messages", "Reaction messages" and "Typing indicators".
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from herald.contracts.content.base import ContentPart, HttpsUrl
from herald.contracts.text import FilledLine, Line

MAX_BUTTONS = 3
MAX_ROWS = 10  # in all sections together


def _trimmed(value: str) -> str:
    if value != value.strip():
        raise ValueError("must not begin or end with a blank")
    return value


Title = Annotated[FilledLine, Field(max_length=20)]  # of something to tap


class Button(ContentPart):
    """A reply to tap."""

    id: Annotated[FilledLine, Field(max_length=256), AfterValidator(_trimmed)] = Field(
        description="Yours: it comes back as the inbound event's `choice.id`."
    )
    title: Title = Field(description="The words on it.")


def _all_different(buttons: tuple[Button, ...]) -> tuple[Button, ...]:
    for name in ("id", "title"):
        if len({getattr(button, name) for button in buttons}) < len(buttons):
            raise ValueError(f"no two may have the same {name}")
    return buttons


Buttons = Annotated[tuple[Button, ...], AfterValidator(_all_different)]


class LinkButton(ContentPart):
    """A button that opens a page."""

    title: Title = Field(description="The words on it.")
    url: HttpsUrl = Field(description="What it opens: https, without credentials.")


class ListRow(ContentPart):
    """One choice of a list."""

    id: Annotated[FilledLine, Field(max_length=200)] = Field(
        description="Yours: it comes back as the inbound event's `choice.id`."
    )
    title: FilledLine = Field(max_length=24, description="The words of the choice.")
    description: FilledLine | None = Field(
        default=None, max_length=72, description="More words, smaller."
    )


class ListSection(ContentPart):
    """Rows under a title."""

    title: FilledLine | None = Field(
        default=None, max_length=24, description="Needed where there are several sections."
    )
    rows: tuple[ListRow, ...] = Field(min_length=1, max_length=MAX_ROWS, description="Its choices.")


class ChoiceList(ContentPart):
    """A list behind a button, to choose one row of."""

    button: Title = Field(description="The words on the button that opens it.")
    sections: tuple[ListSection, ...] = Field(
        min_length=1, max_length=MAX_ROWS, description="At most 10 rows in all."
    )

    @model_validator(mode="after")
    def _in_bounds(self) -> Self:
        rows = [row.id for section in self.sections for row in section.rows]
        if len(rows) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} rows in all sections together")
        if len(set(rows)) < len(rows):
            raise ValueError("no two rows may have the same id")
        if len(self.sections) > 1 and not all(section.title for section in self.sections):
            raise ValueError("each of several sections needs a title")
        return self


class Location(ContentPart):
    """A place on a map."""

    latitude: float = Field(ge=-90, le=90, description="Degrees, north is positive.")
    longitude: float = Field(ge=-180, le=180, description="Degrees, east is positive.")
    name: FilledLine | None = Field(default=None, max_length=256, description="Of the place.")
    address: FilledLine | None = Field(default=None, max_length=512, description="In one line.")


class ContactNumber(ContentPart):
    """One number of a contact."""

    number: FilledLine = Field(max_length=64, description="As it is to be shown.")
    kind: FilledLine | None = Field(
        default=None, max_length=32, description="Such as `WORK` or `CELL`."
    )
    whatsapp: str | None = Field(
        default=None,
        pattern=r"^\d{5,15}$",
        description="Its digits on WhatsApp: with them the contact can be written to at a tap.",
    )


class Contact(ContentPart):
    """An entry for the recipient's address book."""

    name: FilledLine = Field(max_length=256, description="The whole name.")
    first_name: FilledLine | None = Field(
        default=None, max_length=256, description="If absent the whole name."
    )
    last_name: FilledLine | None = Field(default=None, max_length=256, description="Likewise.")
    organisation: FilledLine | None = Field(
        default=None, max_length=256, description="Whom they work for."
    )
    phones: tuple[ContactNumber, ...] = Field(default=(), max_length=20, description="Numbers.")
    emails: tuple[Annotated[FilledLine, Field(max_length=254)], ...] = Field(
        default=(), max_length=20, description="E-mail addresses."
    )


class Reaction(ContentPart):
    """An emoji put to the message that the command answers (`in_reply_to`)."""

    emoji: Annotated[Line, Field(max_length=32)] = Field(
        description="One emoji; empty: take it back."
    )


class ReadReceipt(ContentPart):
    """Shows what the command answers (`in_reply_to`), and all before it, as read."""

    typing: bool = Field(
        default=False, description="Say as well that an answer is being written: for 25 s at most."
    )
