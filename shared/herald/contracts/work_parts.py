"""The parts of a content as a worker reads them: what a newer router adds is ignored.

Their values were held to the rules of commands when the command came.
"""

from __future__ import annotations

from pydantic import ConfigDict, Field

from herald.contracts.content import Media, Template, TemplateButton, TemplateHeader
from herald.contracts.content.rich import (
    Button,
    ChoiceList,
    Contact,
    ContactNumber,
    LinkButton,
    ListRow,
    ListSection,
    Location,
    Reaction,
    ReadReceipt,
)

LENIENT = ConfigDict(extra="ignore", strict=False, frozen=True)


class WorkMedia(Media):
    """A file, as a worker reads it."""

    model_config = LENIENT


class WorkButton(Button):
    """A reply to tap, as a worker reads it."""

    model_config = LENIENT


class WorkLinkButton(LinkButton):
    """A button that opens a page, as a worker reads it."""

    model_config = LENIENT


class WorkListRow(ListRow):
    """A row of a list, as a worker reads it."""

    model_config = LENIENT


class WorkListSection(ListSection):
    """Rows under a title, as a worker reads them."""

    model_config = LENIENT

    rows: tuple[WorkListRow, ...]


class WorkChoiceList(ChoiceList):
    """A list, as a worker reads it."""

    model_config = LENIENT

    sections: tuple[WorkListSection, ...]


class WorkLocation(Location):
    """A place, as a worker reads it."""

    model_config = LENIENT


class WorkContactNumber(ContactNumber):
    """A contact's number, as a worker reads it."""

    model_config = LENIENT


class WorkContact(Contact):
    """A contact, as a worker reads it."""

    model_config = LENIENT

    phones: tuple[WorkContactNumber, ...] = ()


class WorkReaction(Reaction):
    """An emoji, as a worker reads it."""

    model_config = LENIENT


class WorkReadReceipt(ReadReceipt):
    """A read receipt, as a worker reads it."""

    model_config = LENIENT


class WorkTemplateHeader(TemplateHeader):
    """A template's header, as a worker reads it."""

    model_config = LENIENT

    variables: dict[str, str] = Field(default_factory=dict)
    media: WorkMedia | None = None
    location: WorkLocation | None = None


class WorkTemplateButton(TemplateButton):
    """A template's button, as a worker reads it."""

    model_config = LENIENT


class WorkTemplate(Template):
    """A template, as a worker reads it."""

    model_config = LENIENT

    variables: dict[str, str] = Field(default_factory=dict)
    header: WorkTemplateHeader | None = None
    buttons: tuple[WorkTemplateButton, ...] | None = None
