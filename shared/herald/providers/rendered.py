"""What a channel's content rules make of a message, for providers to translate. Pure.

Where `template` is set, the account holds it and it is sent instead of all else. A channel without
content rules of its own gives its providers the content as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from herald.contracts.content import Media, Template
from herald.contracts.content.rich import (
    Button,
    ChoiceList,
    Contact,
    LinkButton,
    Location,
    Reaction,
    ReadReceipt,
)
from herald.contracts.content.segments import SmsEncoding
from herald.contracts.failures import Failure
from herald.providers.files import File

if TYPE_CHECKING:
    from email.headerregistry import Address


@dataclass(slots=True, kw_only=True)  # one a message: a frozen one takes twice as long to make
class RenderedSms:
    """A text with its files."""

    text: str = ""
    media: tuple[Media, ...] = ()
    encoding: SmsEncoding = SmsEncoding.GSM_7  # of the text
    segments: int = 0  # that the text takes
    transliterated: bool = False  # the text has letters instead of those that were written
    template: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedWhatsApp:
    """One message: WhatsApp takes it while its 24 hours are open, a template at any time.

    They begin with the recipient's last message.
    """

    text: str = ""  # the file's caption, where there is a file
    media: Media | None = None  # above what can be tapped, where there is any of that
    header: str | None = None  # instead of such a file
    footer: str | None = None
    buttons: tuple[Button, ...] | None = None
    list: ChoiceList | None = None
    link: LinkButton | None = None
    location: Location | None = None  # this and what follows come alone
    contacts: tuple[Contact, ...] | None = None
    reaction: Reaction | None = None
    read_receipt: ReadReceipt | None = None
    template: Template | None = None


class WriteMime(Protocol):
    """Writes a mail as its bytes; with `utf8` its addresses may be outside ASCII (RFC 6532)."""

    def __call__(
        self, now: datetime, *, utf8: bool, attachments: Sequence[File]
    ) -> bytes | Failure: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEmail:
    """A mail: text, HTML or both, with its files, and how to write it as MIME.

    Its `files` are fetched before a provider sees it, and are its `attachments` then.
    """

    sender: Address
    subject: str
    text: str | None = None
    html: str | None = None
    message_id: str
    headers: Mapping[str, str] = field(default_factory=dict)  # beside those of every mail
    mime: WriteMime = field(repr=False)
    template: Template | None = None
    files: tuple[Media, ...] = ()  # that it is to carry
    attachments: tuple[File, ...] = ()  # those, as they were fetched

    def written(self, now: datetime, *, utf8: bool) -> bytes | Failure:
        """Write it with its attachments."""
        return self.mime(now, utf8=utf8, attachments=self.attachments)


Rendered = Any  # one of the above, or the content as it is: what a channel's providers expect
