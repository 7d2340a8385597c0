"""What a recipient sends, as values: the same on the bus to the router and in inbound events. Pure.

Whatever a provider sends beyond these fields is in the element, which is kept.
"""

from __future__ import annotations

import operator

from pydantic import BaseModel, ConfigDict, Field

from herald.contracts.vocabulary import (
    LenientChoiceKind,
    LenientInboundKind,
    LenientMediaKind,
    LenientMediaPlace,
    LenientPreferenceValue,
    MediaPlace,
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class InboundMedia(_Part):
    """A file, by reference: the provider holds it for us, or ingress keeps it."""

    reference: str  # the provider's id or URL of it; of one that Herald keeps its sha256
    place: LenientMediaPlace = Field(
        default=MediaPlace.PROVIDER,
        exclude_if=lambda place: place is MediaPlace.PROVIDER,
        description="Where its bytes are; absent: at the provider",
    )
    kind: LenientMediaKind | None = None  # image, video, audio, document or sticker, where given
    content_type: str | None = None  # its MIME type
    caption: str | None = None  # the words sent with it
    filename: str | None = None  # as the sender named it
    url: str | None = None  # where the provider gave one beside its id; it may end within minutes
    sha256: str | None = None  # of its bytes, as the provider writes it; in hexadecimal by Herald
    size: int | None = None  # in bytes, where that is known
    content_id: str | None = None  # by which a mail's HTML shows it, as `cid:<content_id>`
    voice: bool = False  # spoken into the app, not sent as a file


class InboundLocation(_Part):
    """A place."""

    latitude: float  # degrees, north is positive
    longitude: float  # degrees, east is positive
    name: str | None = None  # of the place
    address: str | None = None  # in one line
    url: str | None = None  # the place's own


class ContactPhone(_Part):
    """One number of a contact."""

    number: str  # as the sender has it
    kind: str | None = None  # such as `HOME` or `WORK`, in the provider's words
    whatsapp: str | None = None  # the number in E.164 where WhatsApp knows it


class InboundContact(_Part):
    """An entry of the sender's address book."""

    name: str | None = None  # the whole name
    organisation: str | None = None  # whom they work for
    phones: list[ContactPhone] = Field(default_factory=list)  # their numbers
    emails: list[str] = Field(default_factory=list)  # their e-mail addresses


class OrderItem(_Part):
    """One product of an order."""

    product_id: str | None = None  # its id in the catalog
    quantity: int | None = None  # how many
    price: str | None = None  # of one, in digits as the provider wrote them
    currency: str | None = None  # ISO 4217


class InboundOrder(_Part):
    """What the sender put into their basket."""

    catalog_id: str | None = None  # the catalog's id at the provider
    items: list[OrderItem] = Field(default_factory=list)  # the products


class InboundProduct(_Part):
    """The product of a catalog that a question is about."""

    catalog_id: str | None = None  # the catalog's id at the provider
    product_id: str | None = None  # its id in the catalog


class InboundChoice(_Part):
    """What the sender chose; with `form` the event's `payload` has what they filled in, as JSON."""

    kind: LenientChoiceKind  # of what
    id: str | None = None  # what the business gave with it
    title: str | None = None  # the words shown
    description: str | None = None  # of a list's row


class InboundReaction(_Part):
    """An emoji put to a message."""

    provider_message_id: str | None = None  # the message, ours or theirs
    emoji: str | None = None  # absent: it was taken back


class AddressChange(_Part):
    """The sender's new address; the old one does not reach them any more."""

    old: str | None = None  # a number in E.164, or the provider's id of them
    new: str | None = None  # likewise


class InboundReferral(_Part):
    """The advertisement or post that led the sender here."""

    source_type: str | None = None  # `ad` or `post`, in the provider's words
    source_id: str | None = None  # the provider's id of it
    source_url: str | None = None  # where it is
    headline: str | None = None  # its words
    body: str | None = None  # likewise
    media_type: str | None = None  # of the picture or film in it
    media_url: str | None = None  # where that is
    click_id: str | None = None  # of the click, for reports of conversions
    welcome_text: str | None = None  # the greeting that was shown


class InboundPreference(_Part):
    """What the sender wants of messages to come."""

    value: LenientPreferenceValue  # what they chose
    category: str | None = None  # of which messages, in the provider's words


class InboundProblem(_Part):
    """Why a provider could not pass something on."""

    code: str = ""  # the provider's own
    text: str = ""  # its words, without addresses


class InboundPart(_Part):
    """Which piece of a longer SMS this is; pieces come in any order, each as its own event."""

    reference: str  # the same for all pieces of one sender's message
    number: int  # from 1
    total: int  # how many there are


class InboundMail(_Part):
    """What only an e-mail has."""

    message_id: str | None = None  # its Message-ID, in angle brackets
    answers: list[str] = Field(default_factory=list)  # Message-IDs of what it answers, newest first
    html: str | None = None  # its HTML, beside or instead of its text
    new_text: str | None = None  # without what it quotes, where the provider can tell
    to: list[str] = Field(default_factory=list)  # the addresses it was written to
    cc: list[str] = Field(default_factory=list)  # those that it went to as well
    reply_to: str | None = None  # where its sender wants answers
    truncated: bool = False  # text or HTML is longer than what is here


class InboundContent(_Part):
    """What was sent. Of the typed fields those of its kind are filled."""

    content: LenientInboundKind  # what kind of message it is
    text: str | None = None  # its words, or the caption
    subject: str | None = None  # of an e-mail
    payload: str | None = None  # what a button or a form gave
    media: list[InboundMedia] = Field(default_factory=list)  # files, by the provider's reference
    location: InboundLocation | None = None  # the place, of a `location`
    contacts: list[InboundContact] = Field(default_factory=list)  # the entries, of `contacts`
    order: InboundOrder | None = None  # the products, of an `order`
    choice: InboundChoice | None = None  # what was chosen, of a `button` or `interactive`
    reaction: InboundReaction | None = None  # the emoji and its message, of a `reaction`
    original: str | None = None  # the provider's id of what was `edited` or `deleted`
    address_change: AddressChange | None = None  # the old and the new, of an `address_changed`
    preference: InboundPreference | None = None  # what they want, of a `preference`
    problems: list[InboundProblem] = Field(default_factory=list)  # why, of something `unsupported`
    referral: InboundReferral | None = None  # what led the sender here, with their first message
    product: InboundProduct | None = None  # what they ask about
    mail: InboundMail | None = None  # of an e-mail: what only that has
    part: InboundPart | None = None  # of an SMS that came in pieces: which one this is
    automatic: bool = Field(
        default=False,
        exclude_if=operator.not_,
        description="A machine wrote it: a note of absence, a newsletter",
    )
    forwarded: bool = False  # somebody else wrote it
    frequently_forwarded: bool = False  # it went through many hands
